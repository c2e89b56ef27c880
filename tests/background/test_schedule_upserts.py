"""What an upsert does to schedules, also in the moment they are due."""

import asyncio

import pytest

from background.desk import HOUR_MS, HOURLY, NOON, YEARLY, Desk, Lane
from background.held import Held
from background.wall_clock import MINUTE_MS
from exosphere_core.store import catalog
from exosphere_orchestrator.background import cron
from exosphere_orchestrator.catalog import schedules

HALF_PAST = "30 * * * *"


def test_an_expression_that_was_changed_while_due_does_not_fire_at_the_old_time(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY, at=await catalog.now_ms(desk.redis))
        await desk.graph(HALF_PAST)
        assert await desk.fire() == 0
        (following,) = (await desk.schedules()).values()
        assert following % HOUR_MS == HOUR_MS / 2
        desk.moment = following
        assert await desk.fire() == 1
        assert [firing.due_at for firing in await desk.firings()] == [following]
        assert len(await desk.runs()) == 1

    lane.run(scene)


def test_an_expression_that_changes_while_a_replica_looks_at_the_old_one_does_not_fire(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY)
        held = Held(monkeypatch, cron.schedules, "claim_schedule")
        sweep = asyncio.create_task(cron.fire_due_schedules(desk.jobs))
        await held.until(lambda: desk.graph(HALF_PAST))
        assert await sweep == 0
        assert await desk.runs() == []
        assert await desk.firings() == []
        assert min((await desk.schedules()).values()) > NOON

    lane.run(scene)


def test_a_claim_made_from_an_expression_that_changed_meanwhile_is_refused_although_the_due_time_is_the_same(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY)

        async def change() -> None:
            await desk.graph("*/20 * * * *")
            await desk.set_due("g/0", NOON)  # the upsert began before noon

        with monkeypatch.context() as slow:
            held = Held(slow, cron.schedules, "claim_schedule")
            sweep = asyncio.create_task(cron.fire_due_schedules(desk.jobs))
            await held.until(change)
            assert await sweep == 0
        assert await desk.fire() == 1
        assert len(await desk.runs()) == 1
        assert await desk.schedules() == {"g/0": NOON + 20 * MINUTE_MS}

    lane.run(scene)


def test_an_expression_that_changes_after_the_claim_does_not_stop_the_firing(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY)
        held = Held(monkeypatch, cron.schedules, "record_firings")
        sweep = asyncio.create_task(cron.fire_due_schedules(desk.jobs))
        await held.until(lambda: desk.graph(HALF_PAST))
        assert await sweep == 1
        (firing,) = await desk.firings()
        assert (firing.due_at, firing.run_id) == (NOON, (await desk.runs())[0].id)
        assert min((await desk.schedules()).values()) % HOUR_MS == HOUR_MS / 2

    lane.run(scene)


def test_a_changed_expression_that_names_a_time_that_fired_already_does_not_fire_again(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY)
        assert await desk.fire() == 1
        await desk.graph("*/20 * * * *")
        # An upsert that began before noon and ended after it was handled would come to this.
        await desk.set_due("g/0", NOON)
        assert await desk.fire() == 1
        assert await desk.schedules() == {"g/0": NOON + 20 * MINUTE_MS}
        desk.moment = NOON + 20 * MINUTE_MS
        assert await desk.fire() == 1
        assert [firing.due_at for firing in await desk.firings()] == [NOON + 20 * MINUTE_MS, NOON]
        assert len(await desk.runs()) == 2

    lane.run(scene)


def test_an_upsert_of_other_things_loses_no_due_time(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY, YEARLY)
        assert await desk.graph(HOURLY, YEARLY, store_config={"default_values": {"size": "1"}}) == 2
        assert await desk.schedules() == {"g/0": NOON, "g/1": NOON}
        assert await desk.fire() == 2
        assert {run.version for run in await desk.runs()} == {2}

    lane.run(scene)


def test_a_graph_that_says_the_default_policy_is_the_same_as_one_that_says_nothing(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        assert await desk.graph(YEARLY) == 1
        stored = await catalog.read_version(desk.redis, "ns", "g", 1)
        assert stored is not None
        assert b'"value":{"expression":"0 0 1 1 *","timezone":"UTC"}' in stored.template
        assert await desk.graph(YEARLY, catchup="latest") == 1
        assert await desk.graph(YEARLY, catchup="all") == 2
        assert await desk.graph(YEARLY) == 3

    lane.run(scene)


def test_a_pause_outlives_an_upsert_that_leaves_the_trigger_as_it_is(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph(YEARLY, HALF_PAST, HOURLY)
        for index in range(3):
            await schedules.pause(desk.redis, "ns", "g", index)
        await desk.graph(YEARLY, HALF_PAST, HOURLY, catchup="all")
        assert await desk.paused() == {"g/0", "g/1", "g/2"}
        assert await desk.schedules() == {}
        await desk.graph(HALF_PAST, HALF_PAST)
        assert await desk.paused() == {"g/1"}, "the first was changed, the third is gone"
        assert set(await desk.schedules()) == {"g/0"}
        await desk.graph(HALF_PAST, HALF_PAST, zone="Asia/Kolkata")
        assert await desk.paused() == set()

    lane.run(scene)


def test_a_changed_trigger_has_not_fired_yet(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY, HOURLY)
        await desk.fire()
        await desk.graph(HALF_PAST, HOURLY)
        first, second = await schedules.get_all(desk.redis, "ns")
        assert first.record.last is None
        assert second.record.last is not None
        assert second.record.last.due_at == NOON

    lane.run(scene)


def test_schedules_whose_triggers_are_gone_go_with_them(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph(YEARLY, name="kept")
        await desk.graph(YEARLY, "0 0 2 1 *", "0 0 3 1 *")
        first = await desk.schedules()
        assert set(first) == {"kept/0", "g/0", "g/1", "g/2"}
        await desk.graph("0 0 4 1 *")
        second = await desk.schedules()
        assert set(second) == {"kept/0", "g/0"}
        assert second["g/0"] not in first.values()
        await desk.graph()
        assert set(await desk.schedules()) == {"kept/0"}

    lane.run(scene)
