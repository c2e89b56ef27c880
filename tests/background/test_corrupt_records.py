"""Garbage among schedules, deletions and ended runs keeps none of the others from being dealt with."""

from typing import Any

import pytest

from background.desk import CATALOG, HOME, YEARLY, Desk, Lane
from exosphere_core.ids import new_run_id
from exosphere_core.store import catalog, deletions, schedules
from exosphere_orchestrator.background import upkeep
from exosphere_orchestrator.background.cron import fire_due_schedules

LONG_AGO = 1_700_000_000_000


async def due(desk: Desk) -> None:
    await desk.register()
    await desk.graph(YEARLY)
    await desk.set_due("g/0", await catalog.now_ms(desk.redis) - 1)


@pytest.mark.parametrize("member", ["no slash", "g/x", "g/-1", b"\xff/0", "a:b/0", "g/" + "9" * 30, ""])
def test_what_is_no_schedule_is_removed_and_the_others_fire(lane: Lane, member: Any) -> None:
    async def scene(desk: Desk) -> None:
        await due(desk)
        await desk.redis.zadd(CATALOG.schedules, {member: 1})
        await desk.redis.zadd(CATALOG.claims, {member: 1})
        assert await fire_due_schedules(desk.jobs) == 1
        assert await desk.redis.zrange(CATALOG.schedules, 0, -1) == [b"g/0"]
        assert await desk.redis.zcard(CATALOG.claims) == 0
        (firing,) = await schedules.read_firings(desk.redis, "ns", "g")
        assert firing.run_id

    lane.run(scene)


@pytest.mark.parametrize("handled", ["x", "", "9" * 40, b"\xff"])
def test_a_schedule_whose_last_due_time_can_not_be_read_fires_all_the_same(lane: Lane, handled: Any) -> None:
    async def scene(desk: Desk) -> None:
        await due(desk)
        await desk.redis.hset(CATALOG.schedules_of("g"), "0/handled", handled)
        assert await fire_due_schedules(desk.jobs) == 1

    lane.run(scene)


def test_a_claim_that_can_not_be_read_ends_as_a_firing_that_says_so(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await due(desk)
        await desk.redis.hset(CATALOG.schedules_of("g"), "0/claim", "{")
        await desk.redis.zadd(CATALOG.claims, {"g/0": 1})
        await fire_due_schedules(desk.jobs)
        newest, oldest = await schedules.read_firings(desk.redis, "ns", "g")
        assert newest.run_id
        assert "can't be read" in str(oldest.error)
        assert await desk.redis.zcard(CATALOG.claims) == 0

    lane.run(scene)


def test_a_graph_that_can_not_be_read_holds_no_other_graphs_schedule_up(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await due(desk)
        await desk.graph(YEARLY, name="bad")
        await desk.set_due("bad/0", 1)
        await desk.redis.hset(CATALOG.version("bad", 1), "template", "{")
        assert await fire_due_schedules(desk.jobs) == 1
        assert len(await schedules.read_firings(desk.redis, "ns", "g")) == 1

    lane.run(scene)


def test_firings_that_can_not_be_read_are_left_out(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await due(desk)
        await fire_due_schedules(desk.jobs)
        await desk.redis.lpush(CATALOG.firings("g"), "{", b"\xff")
        await desk.redis.hset(CATALOG.schedules_of("g"), mapping={"0/last": "{", "0/paused_at": "x"})
        assert len(await schedules.read_firings(desk.redis, "ns", "g")) == 1
        record = (await schedules.read_schedules(desk.redis, "ns", {"g": 1}))["g", 0]
        assert (record.last, record.paused_at) == (None, 0)

    lane.run(scene)


@pytest.mark.parametrize("garbage", ["x", "g/x/cancel", b"\xff", "a/b/c/d"])
def test_what_is_no_deletion_is_removed_and_the_others_are_finished(lane: Lane, garbage: Any) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph(YEARLY)
        wanted = deletions.Deletion("g", 2, cancels=False)
        assert await deletions.delete_graph(desk.redis, "ns", wanted, 1)
        await desk.redis.sadd(CATALOG.deletions, garbage)
        assert await upkeep.finish_deletions(desk.jobs) == 1
        assert await desk.redis.scard(CATALOG.deletions) == 0

    lane.run(scene)


def test_ended_runs_whose_records_are_of_another_type_are_removed_like_others(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        bad, good = new_run_id(0), new_run_id(0)
        for run in (bad, good):
            await desk.redis.zadd(HOME.ended, {run: LONG_AGO})
        for key in (HOME.run(bad), HOME.states(bad), HOME.unites(bad), HOME.store(bad)):
            await desk.redis.set(key, "a string")
        assert await upkeep.remove_expired_runs(desk.jobs) == 2
        assert await desk.redis.zcard(HOME.ended) == 0
        assert await desk.redis.exists(HOME.run(bad), HOME.states(bad), HOME.unites(bad), HOME.store(bad)) == 0

    lane.run(scene)


def test_a_namespace_whose_name_is_none_is_passed_over(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await due(desk)
        await desk.redis.sadd("exo:namespaces", b"\xff", "a:b", "")
        assert await catalog.read_namespaces(desk.redis) == ["ns"]
        assert await fire_due_schedules(desk.jobs) == 1

    lane.run(scene)
