"""Figures: what the engine counts, and how it is added up."""

import asyncio
from random import Random
from typing import Any

import pytest
from redis.exceptions import ConnectionError

from engine.world import HOME, Lane, Pruned, Requeued, World, failed, many, node, one
from exosphere_core.errors import CorruptRecord
from exosphere_core.keys import CatalogKeys
from exosphere_core.store.figures import add_figures, read_figures, read_some_figures
from exosphere_orchestrator.engine import recorder
from exosphere_orchestrator.engine.recorder import Recorder
from exosphere_orchestrator.figures import (
    Ended,
    Tally,
    bucket_of,
    by_node,
    minute_of,
    percentile,
    time_of,
    total_fields,
    totals,
)
from exosphere_worker.outcome import Released

NOON = 1_800_000_000_000


def test_the_time_that_a_bucket_stands_for_is_off_by_less_than_a_tenth() -> None:
    for ran in (1, 2, 3, 10, 99, 1000, 1023, 1024, 3_600_000, 10**12):
        assert abs(time_of(bucket_of(ran)) - ran) <= max(1, ran / 10)
    assert time_of(bucket_of(0)) == 0


def test_a_longer_time_is_never_in_an_earlier_bucket() -> None:
    times = sorted(Random(1).randrange(10**6) for _ in range(2000))
    buckets = [bucket_of(ran) for ran in times]
    assert buckets == sorted(buckets)
    assert bucket_of(2048) - bucket_of(1024) == 4


def test_percentiles_are_those_of_the_times_but_for_the_width_of_a_bucket() -> None:
    random = Random(2)
    times = sorted(round(random.lognormvariate(5, 2)) for _ in range(5000))
    buckets: dict[int, int] = {}
    for ran in times:
        buckets[bucket_of(ran)] = buckets.get(bucket_of(ran), 0) + 1
    for part in (0.5, 0.95):
        exact = times[int(part * len(times)) - 1]
        told = percentile(buckets, part)
        assert told is not None
        assert abs(told - exact) <= exact * 0.1 + 1
    assert percentile({}, 0.5) is None
    assert percentile({bucket_of(7): 1}, 0.95) == time_of(bucket_of(7))


def test_what_is_counted_is_taken_once_and_can_be_put_back() -> None:
    tally = Tally()
    tally.note("ns", "A", NOON, Ended.SUCCEEDED, 100)
    tally.note("ns", "A", NOON + 59_999, Ended.SUCCEEDED, None)
    tally.note("ns", "B", NOON, Ended.RETRIED, None)
    tally.note("ns", "A", NOON + 60_000, Ended.PRUNED, 0)
    tally.note("other", "A", NOON, Ended.ERRORED, None)
    first, other = ("ns", minute_of(NOON)), ("other", minute_of(NOON))
    expected = {
        first: {
            "A/succeeded": 2, f"A/t{bucket_of(100)}": 1, "/succeeded": 2, "B/retried": 1, "/retried": 1,
        },
        ("ns", minute_of(NOON) + 1): {"A/pruned": 1, "A/t0": 1, "/pruned": 1},
        other: {"A/errored": 1, "/errored": 1},
    }  # fmt: skip
    taken = tally.take()
    assert taken == expected
    assert tally.take() == {}
    tally.put_back(taken)
    tally.note("other", "A", NOON, Ended.ERRORED, None)
    assert tally.take() == expected | {other: {"A/errored": 2, "/errored": 2}}


def test_no_more_is_counted_than_there_is_room_for_but_what_is_there_counts_on() -> None:
    tally = Tally(most=2)
    for name in ("A", "B", "C", "A"):
        tally.note("ns", name, NOON, Ended.SUCCEEDED, None)
    assert len(tally) == 2
    assert tally.take()[("ns", minute_of(NOON))] == {"A/succeeded": 2, "B/succeeded": 1, "/succeeded": 3}


def test_nodes_are_added_up_over_all_minutes_and_what_makes_no_sense_is_left_out() -> None:
    minutes = [
        {"B/succeeded": 1, "A/succeeded": 2, "A/t0": 1, "/succeeded": 3, "a.b-c/pruned": 1},
        {"A/retried": 3, "A/t9": 9, "A/x": 5, "A/t": 5, "nonsense": 1, "/retried": 3},
    ]
    found = by_node(minutes)
    assert [each.node for each in found] == ["A", "B", "a.b-c"]
    assert dict(found[0].ended) == {"succeeded": 2, "retried": 3}
    assert (found[0].p50_ms, found[1].p50_ms) == (time_of(9), None)
    assert totals(minutes[1]) == {Ended.SUCCEEDED: 0, Ended.ERRORED: 0, Ended.RETRIED: 3, Ended.PRUNED: 0}


async def counted(world: World) -> dict[str, int]:
    """All that the engine has counted, whatever the minute."""
    found: dict[str, int] = {}
    for minute, fields in world.context.figures.take().items():
        assert minute[0] == "ns"
        for field, count in fields.items():
            found[field] = found.get(field, 0) + count
    return {field: count for field, count in found.items() if not field.startswith("/")}


def test_the_engine_counts_each_end_of_an_attempt_once_and_nothing_else(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b"), retry_policy={"max_retries": 1, "strategy": "FIXED", "backoff_factor": 1}
        )
        await world.trigger()
        await world.report(await world.take_one("a"), Released())
        await world.report(await world.take_one("a"), Requeued(3_600_000), ran="5")
        assert await counted(world) == {}
        await world.trigger()
        held = await world.take_one("a")
        await world.report(held, many("1", "2", "3"), ran="100")
        await world.send(held, many("1", "2", "3"), ran="100")
        await world.drain()
        assert world.context.counts["stale"] == 1
        first, second, third = await world.take("b")
        await world.report(first, one(), ran="10")
        await world.report(second, Pruned({}))
        await world.report(third, failed("boom"))
        assert await counted(world) == {
            "A/succeeded": 1, f"A/t{bucket_of(100)}": 1, "B/succeeded": 1, f"B/t{bucket_of(10)}": 1, "B/pruned": 1,
            "B/retried": 1,
        }  # fmt: skip

    lane.run(scene)


def test_a_wide_fan_out_and_children_that_can_not_be_made_count_as_one_end(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b", x="${{ a.outputs.v }}"))
        await world.trigger()
        await world.do("a", many(*map(str, range(80))))
        assert await counted(world) == {"A/succeeded": 1}
        await world.trigger()
        await world.do("a", one(other="1"))
        assert await counted(world) == {"A/errored": 1}

    lane.run(scene)


def test_what_a_rerun_takes_over_is_not_counted_again(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b"))
        earlier = await world.trigger()
        await world.do("a", one())
        await world.do("b", one())
        await counted(world)
        await world.rerun(earlier, identifier="b")
        assert await counted(world) == {}
        await world.do("b", one())
        assert await counted(world) == {"B/succeeded": 1}

    lane.run(scene)


async def until_written(world: World, field: str, count: int) -> None:
    """Wait until the minute NOON says so."""
    async with asyncio.timeout(20):
        while (await read_figures(world.redis, "ns", [minute_of(NOON)]))[0].get(field) != count:
            await asyncio.sleep(0.01)


def test_what_is_counted_is_written_added_to_what_is_there_and_expires(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "WRITE_S", 0.01)

    async def scene(world: World) -> None:
        agent = Recorder(world.context)
        agent.start()
        for turn in (1, 2):
            world.context.figures.note("ns", "A", NOON, Ended.SUCCEEDED, 5)
            await until_written(world, "A/succeeded", turn)
        await agent.stop(0)
        key = CatalogKeys("ns").figures(minute_of(NOON))
        assert 3600 < await world.redis.ttl(key) <= 65 * 60
        (some, none) = await read_some_figures(world.redis, "ns", [minute_of(NOON), 1], total_fields())
        assert (totals(some)[Ended.SUCCEEDED], totals(none)[Ended.SUCCEEDED]) == (2, 0)

    lane.run(scene)


def test_a_stop_writes_what_was_counted_until_then(lane: Lane) -> None:
    async def scene(world: World) -> None:
        agent = Recorder(world.context)
        agent.start()
        world.context.figures.note("ns", "A", NOON, Ended.ERRORED, None)
        await agent.stop(0)
        assert (await read_figures(world.redis, "ns", [minute_of(NOON)]))[0]["A/errored"] == 1

    lane.run(scene)


def test_what_could_not_be_written_while_redis_was_away_is_written_afterwards(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "WRITE_S", 0.01)
    tries = 0

    async def away(redis: Any, counts: Any) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise ConnectionError("Redis is away")
        await add_figures(redis, counts)

    monkeypatch.setattr(recorder, "add_figures", away)

    async def scene(world: World) -> None:
        agent = Recorder(world.context)
        agent.start()
        world.context.figures.note("ns", "A", NOON, Ended.PRUNED, None)
        await until_written(world, "A/pruned", 1)
        await agent.stop(0)
        assert tries == 3

    lane.run(scene)


def test_a_minute_of_another_type_is_told_by_its_key(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.redis.set(CatalogKeys("ns").figures(7), "x")
        with pytest.raises(CorruptRecord, match="figures:7"):
            await read_figures(world.redis, "ns", [7])
        await world.redis.delete(HOME.reports)

    lane.run(scene)
