"""Pausing, resuming, running now and deleting, also in the moment in which something else changes the schedule."""

import asyncio

import pytest

from background.desk import CATALOG, HOUR_MS, HOURLY, NOON, Desk, Lane
from background.held import Held
from exosphere_core.errors import InvalidGraph, NotFound
from exosphere_core.store import catalog, deletions
from exosphere_core.store.deletions import Deletion
from exosphere_orchestrator.background import cron
from exosphere_orchestrator.catalog import schedules
from exosphere_orchestrator.schedules import next_due

HALF_PAST = "30 * * * *"


def test_a_paused_schedule_does_not_fire_and_goes_on_from_now_when_it_is_resumed(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY, catchup="all")
        shown = await schedules.pause(desk.redis, "ns", "g", 0)
        assert (shown.record.next_due, shown.record.paused_at is None) == (None, False)
        assert await desk.fire() == 0
        assert await desk.schedules() == {}
        before = await catalog.now_ms(desk.redis)
        resumed = await schedules.resume(desk.redis, "ns", "g", 0)
        after = await catalog.now_ms(desk.redis)
        assert resumed.record.paused_at is None
        assert resumed.record.next_due in {next_due(resumed.cron, before), next_due(resumed.cron, after)}
        desk.moment = after
        assert await desk.fire() == 0, "what was due during the pause does not fire, whatever the policy"
        assert await desk.runs() == []

    lane.run(scene)


def test_pausing_twice_keeps_the_first_time_and_resuming_a_running_one_keeps_its_due_time(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY)
        assert (await schedules.resume(desk.redis, "ns", "g", 0)).record.next_due == NOON
        first = await schedules.pause(desk.redis, "ns", "g", 0)
        assert await schedules.pause(desk.redis, "ns", "g", 0) == first

    lane.run(scene)


def test_a_pause_that_an_upsert_overtakes_is_about_the_new_triggers(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph(HOURLY, HOURLY)
        held = Held(monkeypatch, schedules.store, "pause_schedule")
        pausing = asyncio.create_task(schedules.pause(desk.redis, "ns", "g", 1))
        await held.until(lambda: desk.graph(HOURLY))
        with pytest.raises(NotFound, match="graph 'g' has no trigger 1; it has 1 of them, counted from 0"):
            await pausing
        assert not await desk.redis.exists(CATALOG.schedules_of("g"))

    lane.run(scene)


def test_a_resume_that_an_upsert_overtakes_is_about_the_new_triggers(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph(HOURLY)
        await schedules.pause(desk.redis, "ns", "g", 0)

        async def change() -> None:
            await desk.graph(HALF_PAST)
            await schedules.pause(desk.redis, "ns", "g", 0)

        held = Held(monkeypatch, schedules.store, "resume_schedule")
        resuming = asyncio.create_task(schedules.resume(desk.redis, "ns", "g", 0))
        await held.until(change)
        resumed = await resuming
        assert resumed.record.paused_at is None
        assert (resumed.record.next_due or 0) % HOUR_MS == HOUR_MS / 2

    lane.run(scene)


def test_running_now_fires_a_paused_schedule_at_once_and_does_not_move_it(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY)
        by_hand = await schedules.run_now(desk.redis, desk.jobs.runs, "ns", "g", 0)
        assert (by_hand.manual, by_hand.due_at, by_hand.run_id) == (True, None, (await desk.runs())[0].id)
        assert await desk.schedules() == {"g/0": NOON}
        await schedules.pause(desk.redis, "ns", "g", 0)
        again = await schedules.run_now(desk.redis, desk.jobs.runs, "ns", "g", 0)
        assert await desk.firings() == [again, by_hand]
        assert len(await desk.runs()) == 2
        assert await desk.paused() == {"g/0"}
        (shown,) = await schedules.get_all(desk.redis, "ns")
        assert shown.record.last == again

    lane.run(scene)


def test_a_graph_that_can_not_be_run_now_says_why_and_that_is_recorded(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.graph(HOURLY)  # its nodes are not registered
        with pytest.raises(InvalidGraph, match="graph 'g' can't run"):
            await schedules.run_now(desk.redis, desk.jobs.runs, "ns", "g", 0)
        (firing,) = await desk.firings()
        assert firing.manual
        assert firing.run_id is None
        assert "graph 'g' can't run" in (firing.error or "")

    lane.run(scene)


def test_the_schedules_of_a_deleted_graph_go_without_a_trace(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY, name="kept")
        await desk.due(HOURLY, HOURLY, HALF_PAST)
        assert await desk.fire() == 4
        await schedules.pause(desk.redis, "ns", "g", 1)
        assert await deletions.delete_graph(desk.redis, "ns", Deletion("g", 2, cancels=True), 3)
        assert set(await desk.schedules()) == {"kept/0"}
        assert await desk.redis.exists(CATALOG.schedules_of("g"), CATALOG.firings("g")) == 0
        assert await desk.redis.exists(CATALOG.schedules_of("kept"), CATALOG.firings("kept")) == 2

    lane.run(scene)


def test_a_firing_under_way_leaves_no_trace_of_a_graph_that_is_deleted_meanwhile(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY)
        held = Held(monkeypatch, cron.schedules, "record_firings")
        sweep = asyncio.create_task(cron.fire_due_schedules(desk.jobs))
        await held.until(lambda: deletions.delete_graph(desk.redis, "ns", Deletion("g", 2, cancels=True), 1))
        assert await sweep == 0
        keys = [CATALOG.schedules, CATALOG.claims, CATALOG.schedules_of("g"), CATALOG.firings("g")]
        assert await desk.redis.exists(*keys) == 0

    lane.run(scene)


def test_a_firing_by_hand_leaves_no_trace_of_a_graph_that_is_deleted_meanwhile(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY)
        held = Held(monkeypatch, schedules.store, "record_by_side")
        running = asyncio.create_task(schedules.run_now(desk.redis, desk.jobs.runs, "ns", "g", 0))
        await held.until(lambda: deletions.delete_graph(desk.redis, "ns", Deletion("g", 2, cancels=True), 1))
        assert (await running).run_id == (await desk.runs())[0].id
        assert not await desk.redis.exists(CATALOG.schedules_of("g"), CATALOG.firings("g"))

    lane.run(scene)
