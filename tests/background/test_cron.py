"""Firing schedules: at most once per due time, by their catch-up policy, and a firing that fails stops nothing."""

import pytest

from background.desk import CATALOG, HOUR_MS, HOURLY, NOON, YEARLY, Desk, Lane
from background.wall_clock import MINUTE_MS
from exosphere_core.store import catalog
from exosphere_core.store.schedules import Firing
from exosphere_orchestrator.background import cron
from exosphere_orchestrator.background.cron import fire_due_schedules
from exosphere_orchestrator.schedules import GRACE_MS

EACH_MINUTE = "* * * * *"


async def nothing_is_left(desk: Desk) -> bool:
    """No claim is open and no schedule is due."""
    assert desk.moment is not None
    return not await desk.redis.zcard(CATALOG.claims) and min((await desk.schedules()).values()) > desk.moment


def test_a_schedule_that_is_not_due_does_not_fire(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph(YEARLY)
        desk.moment = (await desk.schedules())["g/0"] - 1
        assert await fire_due_schedules(desk.jobs) == 0
        assert await desk.runs() == []
        assert await desk.firings() == []
        desk.moment += 1
        assert await fire_due_schedules(desk.jobs) == 1

    lane.run(scene)


def test_by_default_the_clock_is_that_of_redis(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph(YEARLY)
        before = await catalog.now_ms(desk.redis)
        await desk.set_due("g/0", before - 1)
        assert await fire_due_schedules(desk.jobs) == 1
        (firing,) = await desk.firings()
        assert before <= firing.fired_at <= await catalog.now_ms(desk.redis)
        assert (await desk.schedules())["g/0"] > before

    lane.run(scene)


def test_a_due_schedule_triggers_its_graph_and_moves_on(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY)
        desk.moment = NOON + 1234
        assert await fire_due_schedules(desk.jobs) == 1
        (run,) = await desk.runs()
        assert (run.graph, run.status) == ("g", "PENDING")
        assert await desk.firings() == [Firing(index=0, fired_at=NOON + 1234, due_at=NOON, run_id=run.id)]
        assert await desk.schedules() == {"g/0": NOON + HOUR_MS}
        assert await fire_due_schedules(desk.jobs) == 0

    lane.run(scene)


def test_replicas_that_sweep_at_once_fire_a_due_time_once(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.due(HOURLY)
        assert await desk.fire(replicas=8) == 1
        assert len(await desk.runs()) == 1
        assert len(await desk.firings()) == 1
        assert await nothing_is_left(desk)

    lane.run(scene)


def test_each_schedule_of_each_graph_fires_for_itself(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(desk: Desk) -> None:
        monkeypatch.setattr(cron, "_BATCH", 2)  # what does not fit into one page is read with the next
        await desk.due(HOURLY, HOURLY, YEARLY, name="two")
        await desk.due(HOURLY, name="one")
        assert await fire_due_schedules(desk.jobs) == 4
        assert sorted(run.graph for run in await desk.runs()) == ["one", "two", "two", "two"]
        assert sorted(firing.index for firing in await desk.firings("two")) == [0, 1, 2]

    lane.run(scene)


# What was missed.


async def down_for_ten_minutes(desk: Desk, catchup: str, expression: str = EACH_MINUTE) -> list[Firing]:
    """No replica runs from 12:00:30 to 12:10:30. Returns what was recorded then, the oldest first."""
    await desk.due(expression, catchup=catchup)
    desk.moment = NOON + 1000
    await desk.fire()
    known = len(await desk.firings())
    desk.moment = NOON + 10 * MINUTE_MS + 30_000
    assert await desk.fire() == 1
    assert await nothing_is_left(desk)
    runs = [firing.run_id for firing in await desk.firings() if firing.run_id]
    assert sorted(runs) == sorted(run.id for run in await desk.runs())
    assert len(set(runs)) == len(runs)
    return (await desk.firings())[::-1][known:]


def minutes(*numbers: int) -> list[int]:
    return [NOON + number * MINUTE_MS for number in numbers]


def test_after_ten_minutes_the_latest_missed_time_fires_and_the_others_are_told(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        skipped, fired = await down_for_ten_minutes(desk, "latest")
        assert [skipped.since, skipped.due_at] == minutes(1, 9)
        assert skipped.skipped == "missed: only the latest missed time fires (catchup is 'latest')"
        assert skipped.run_id is None
        assert [fired.due_at] == minutes(10)
        assert (fired.run_id, fired.skipped) == ((await desk.runs())[-1].id, None)
        assert await desk.schedules() == {"g/0": minutes(11)[0]}

    lane.run(scene)


def test_after_ten_minutes_every_missed_time_fires_where_all_are_to_be_caught_up_with(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        fired = await down_for_ten_minutes(desk, "all")
        assert [firing.due_at for firing in fired] == minutes(*range(1, 11))
        assert all(firing.run_id for firing in fired)
        assert len(await desk.runs()) == 11

    lane.run(scene)


def test_of_many_missed_times_only_the_newest_fire_and_what_was_left_out_is_told(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        desk.settings = desk.settings.model_copy(update={"max_catchup": 3})
        left_out, *fired = await down_for_ten_minutes(desk, "all")
        assert [firing.due_at for firing in fired] == minutes(8, 9, 10)
        assert [left_out.since, left_out.due_at] == minutes(1, 7)
        assert left_out.skipped == "missed: of those that catch up, only the newest 3 fire (EXOSPHERE_MAX_CATCHUP)"
        assert len(await desk.runs()) == 4

    lane.run(scene)


def test_without_catching_up_a_missed_time_is_recorded_as_skipped(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        (skipped,) = await down_for_ten_minutes(desk, "none", "0,5 * * * *")
        assert (skipped.due_at, skipped.since) == (minutes(5)[0], None)
        assert skipped.skipped == "missed: nothing is caught up with (catchup is 'none')"
        assert (skipped.run_id, skipped.error) == (None, None)
        assert len(await desk.runs()) == 1, "only that of 12:00"
        assert await desk.schedules() == {"g/0": NOON + HOUR_MS}

    lane.run(scene)


def test_without_catching_up_a_time_within_the_grace_is_on_time(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        skipped, fired = await down_for_ten_minutes(desk, "none")
        assert [skipped.since, skipped.due_at, fired.due_at] == minutes(1, 9, 10)
        assert fired.run_id
        for late, count in ((GRACE_MS, 1), (GRACE_MS + 1, 0)):
            runs = len(await desk.runs())
            await desk.graph(HOURLY, name=f"late-{late}", catchup="none")
            await desk.set_due(f"late-{late}/0", NOON)
            desk.moment = NOON + late
            assert await desk.fire() == 1
            assert len(await desk.runs()) == runs + count

    lane.run(scene)
