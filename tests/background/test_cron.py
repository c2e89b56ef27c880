"""Firing schedules: at most once per due time, the latest after downtime, and a firing that fails stops nothing."""

import asyncio

import pytest

from background.desk import CATALOG, Desk, Lane
from exosphere_core.store import catalog
from exosphere_orchestrator.background import cron
from exosphere_orchestrator.background.cron import fire_due_schedules

HOURLY = "0 * * * *"
HOUR_MS = 3_600_000


async def this_hour(desk: Desk) -> int:
    """The last full hour, unix ms. Nothing in a scene depends on an hour that strikes while it plays."""
    now = await catalog.now_ms(desk.redis)
    return now - now % HOUR_MS


def test_a_schedule_that_is_not_due_does_not_fire(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph("0 0 1 1 *")
        assert await fire_due_schedules(desk.jobs) == 0
        assert await desk.runs() == []
        assert await desk.firings() == []

    lane.run(scene)


def test_a_due_schedule_triggers_its_graph_and_moves_on(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph(HOURLY)
        due = await this_hour(desk)
        await desk.set_due("g/0", due)
        assert await fire_due_schedules(desk.jobs) == 1
        (run,) = await desk.runs()
        assert (run.graph, run.status) == ("g", "PENDING")
        (firing,) = await desk.firings()
        assert firing["run_id"] == run.id
        assert firing["due_at"] % HOUR_MS == 0
        assert firing["fired_at"] >= firing["due_at"]
        moved = (await desk.schedules())["g/0"]
        assert moved % HOUR_MS == 0
        assert moved > firing["fired_at"]
        assert await fire_due_schedules(desk.jobs) == 0

    lane.run(scene)


def test_replicas_that_sweep_at_once_fire_a_due_time_once(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph("0 0 1 1 *")
        await desk.set_due("g/0", await this_hour(desk))
        handled = await asyncio.gather(*(fire_due_schedules(desk.another()) for _ in range(8)))
        assert sum(handled) == 1
        assert len(await desk.runs()) == 1
        assert len(await desk.firings()) == 1

    lane.run(scene)


def test_a_crash_between_the_trigger_and_its_note_makes_no_second_run(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph("0 0 1 1 *")
        due = await this_hour(desk)
        await desk.set_due("g/0", due)

        async def dies(*_: object) -> bool:
            raise ConnectionError("the process is gone")

        with monkeypatch.context() as crash:
            crash.setattr(cron.catalog, "move_schedule", dies)
            with pytest.raises(ConnectionError):
                await fire_due_schedules(desk.jobs)
        (run,) = await desk.runs()
        assert await desk.schedules() == {"g/0": due}
        assert await fire_due_schedules(desk.another()) == 1
        assert await desk.runs() == [run]
        (firing,) = await desk.firings()
        assert firing["run_id"] == run.id

    lane.run(scene)


def test_after_downtime_only_the_latest_missed_time_fires(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph(HOURLY)
        before = await this_hour(desk)
        await desk.set_due("g/0", before - 48 * HOUR_MS)
        assert await fire_due_schedules(desk.jobs) == 1
        (firing,) = await desk.firings()
        assert before <= firing["due_at"] <= await this_hour(desk)
        assert len(await desk.runs()) == 1

    lane.run(scene)


def test_each_schedule_of_each_graph_fires_for_itself(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph(HOURLY, HOURLY, name="two")
        await desk.graph(HOURLY, name="one")
        due = await this_hour(desk)
        for member in ("two/0", "two/1", "one/0"):
            await desk.set_due(member, due)
        assert await fire_due_schedules(desk.jobs) == 3
        assert sorted(run.graph for run in await desk.runs()) == ["one", "two", "two"]

    lane.run(scene)


def test_a_firing_that_can_not_trigger_is_recorded_and_the_schedule_goes_on(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.graph(HOURLY)  # its nodes are not registered
        await desk.set_due("g/0", await this_hour(desk))
        assert await fire_due_schedules(desk.jobs) == 1
        assert await desk.runs() == []
        (firing,) = await desk.firings()
        assert "graph 'g' can't run, its validation status is INVALID" in firing["error"]
        assert "run_id" not in firing
        now = await catalog.now_ms(desk.redis)
        assert (await desk.schedules())["g/0"] > now - HOUR_MS
        await desk.register()
        await desk.graph(HOURLY)
        await desk.set_due("g/0", await this_hour(desk) - HOUR_MS)
        assert await fire_due_schedules(desk.jobs) == 1
        assert len(await desk.runs()) == 1

    lane.run(scene)


def test_one_that_can_not_trigger_does_not_hold_up_the_others(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph(HOURLY, name="a", store_config={"required_keys": ["cursor"]})
        await desk.graph(HOURLY, name="b")
        due = await this_hour(desk)
        for member in ("a/0", "b/0"):
            await desk.set_due(member, due)
        assert await fire_due_schedules(desk.jobs) == 2
        assert [run.graph for run in await desk.runs()] == ["b"]
        (firing,) = await desk.firings("a")
        assert "'cursor'" in firing["error"]

    lane.run(scene)


def test_a_new_version_replaces_the_schedules(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph("0 0 1 1 *", "0 0 2 1 *", "0 0 3 1 *")
        first = await desk.schedules()
        assert set(first) == {"g/0", "g/1", "g/2"}
        await desk.graph("0 0 4 1 *")
        second = await desk.schedules()
        assert set(second) == {"g/0"}
        assert second["g/0"] not in first.values()

    lane.run(scene)


def test_a_graph_without_triggers_has_no_schedules_any_more(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph("0 0 1 1 *", name="kept")
        await desk.graph("0 0 1 1 *")
        await desk.graph()
        assert set(await desk.schedules()) == {"kept/0"}

    lane.run(scene)


def test_a_schedule_whose_trigger_is_gone_is_taken_off_with_a_note(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph("0 0 1 1 *")
        await desk.redis.zadd(CATALOG.schedules, {"g/7": 1, "gone/0": 1})
        assert await fire_due_schedules(desk.jobs) == 2
        assert set(await desk.schedules()) == {"g/0"}
        for graph in ("g", "gone"):
            (firing,) = await desk.firings(graph)
            assert firing["error"] == "the graph or this trigger of it is gone"

    lane.run(scene)
