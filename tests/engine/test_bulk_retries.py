"""Retrying what failed in many runs, page by page, on both lanes."""

import asyncio
from typing import Any

import pytest

from engine.world import HOME, Lane, World, failed, node, one
from exosphere_core.errors import Overloaded
from exosphere_core.keys import CatalogKeys
from exosphere_core.store import bulks, catalog
from exosphere_core.store.bulks import BulkRetry, RunResult, Wanted
from exosphere_orchestrator.steering import bulk
from exosphere_orchestrator.steering.retry import retry_failed

KEEP_MS = 60_000
ALL = Wanted(None, "FAILED", 0, 253_402_300_799_999)
NO_RETRY: dict[str, Any] = {"retry_policy": {"max_retries": 0}}


async def failed_runs(world: World, count: int, graph: str = "g") -> list[str]:
    """Runs of a graph of one node, each of which failed."""
    await catalog.note_namespace(world.redis, "ns")
    await world.graph(node("a"), name=graph, **NO_RETRY)
    runs = [await world.trigger(graph) for _ in range(count)]
    for held in await world.take("a"):
        await world.send(held, failed())
    await world.drain()
    return runs


async def go_on(world: World, limit_s: float = 60.0) -> int:
    return await bulk.go_on(world.context, 1, KEEP_MS, limit_s)


async def outcome(world: World, bulk_id: str) -> tuple[BulkRetry, list[RunResult]]:
    found = await bulks.read_bulk(world.redis, "ns", bulk_id)
    assert found is not None
    return found, await bulks.read_results(world.redis, "ns", bulk_id, 0, 1000)


async def statuses(world: World, runs: list[str]) -> list[str]:
    return [(await world.redis.hget(HOME.run(run), "status")).decode() for run in runs]


def test_every_failed_run_that_is_meant_is_retried_and_told_of(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulks, "PAGE", 3)

    async def scene(world: World) -> None:
        runs = await failed_runs(world, 7)
        others = await failed_runs(world, 2, "other")
        fine = await world.trigger()
        await world.do("a", one(v="1"))
        asked = await bulk.begin(world.redis, "ns", Wanted("g", "FAILED", 0, await catalog.now_ms(world.redis)))
        assert await go_on(world) == 10
        found, results = await outcome(world, asked)
        assert {result.run: result.retried for result in results} == dict.fromkeys(runs, 1)
        assert (found.looked_at, found.retried, found.refused) == (10, 7, 0)
        assert found.finished_at is not None
        assert await statuses(world, [*runs, *others, fine]) == ["PENDING"] * 7 + ["FAILED"] * 2 + ["SUCCESS"]
        assert len(await world.take("a")) == 7
        assert await go_on(world) == 0
        assert 0 < await world.redis.pttl(CatalogKeys("ns").bulk(asked)) <= KEEP_MS

    lane.run(scene)


def test_only_runs_created_in_between_are_meant(lane: Lane) -> None:
    async def scene(world: World) -> None:
        runs = await failed_runs(world, 3)
        for moment, run in enumerate(runs):
            await world.redis.zadd(HOME.runs, {run: 1000 + moment})
        asked = await bulk.begin(world.redis, "ns", Wanted(None, "FAILED", 1001, 1001))
        await go_on(world)
        _, results = await outcome(world, asked)
        assert [result.run for result in results] == [runs[1]]

    lane.run(scene)


def test_replicas_and_one_that_died_over_a_page_retry_each_state_once(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulks, "PAGE", 2)

    async def scene(world: World) -> None:
        runs = await failed_runs(world, 5)
        asked = await bulk.begin(world.redis, "ns", ALL)
        # One died when it had retried two runs and noted nothing; of one of these the retry has failed meanwhile.
        for run in runs[:2]:
            await retry_failed(world.context, HOME, run, asked)
        first, _ = await world.take("a")
        await world.report(first, failed())
        await asyncio.gather(*(go_on(world) for _ in range(3)))
        found, results = await outcome(world, asked)
        assert {result.run: result.retried for result in results} == dict.fromkeys(runs, 1)
        assert found.retried == 5
        assert len(await world.take("a")) == 3

    lane.run(scene)


def test_a_run_whose_graph_was_deleted_is_told_of_with_the_reason(lane: Lane) -> None:
    async def scene(world: World) -> None:
        (run,) = await failed_runs(world, 1)
        await world.redis.hset(HOME.deleted, "g", 9)
        asked = await bulk.begin(world.redis, "ns", ALL)
        await go_on(world)
        found, (result,) = await outcome(world, asked)
        assert (result.run, result.retried, found.refused) == (run, 0, 1)
        assert "was deleted" in next(iter(result.refused.values()))

    lane.run(scene)


def test_it_stops_in_time_and_goes_on_later_and_too_many_at_once_are_refused(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulks, "MOST_UNFINISHED", 1)

    async def scene(world: World) -> None:
        (run,) = await failed_runs(world, 1)
        await bulk.begin(world.redis, "ns", ALL)
        with pytest.raises(Overloaded):
            await bulk.begin(world.redis, "ns", ALL)
        assert await go_on(world, 0.0) == 0
        assert await go_on(world) == 1
        assert await statuses(world, [run]) == ["PENDING"]
        await bulk.begin(world.redis, "ns", ALL)

    lane.run(scene)


def test_a_bulk_retry_whose_beginning_is_applied_again_stays_as_far_as_it_has_come(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await failed_runs(world, 3)
        asked = await bulk.begin(world.redis, "ns", ALL)
        await go_on(world)
        before = await outcome(world, asked)
        assert before[0].finished_at is not None
        assert await bulks.begin_bulk(world.redis, "ns", asked, ALL)
        assert await outcome(world, asked) == before
        assert await bulks.read_unfinished(world.redis, "ns") == []

    lane.run(scene)
