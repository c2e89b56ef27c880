"""Deliveries for clients that poll: taken without waiting, held, and ended once, by those who have them."""

import asyncio
from collections.abc import Sequence

from engine.test_full_memory import full, full_lane
from engine.world import HOME, Lane, World, node, one
from exosphere_core.keys import HTTP_HOLDER, RUNTIMES_GROUP
from exosphere_core.records import Executed, Kind, encode
from exosphere_core.store import polled
from exosphere_core.store.polled import Standing
from exosphere_core.store.streams import Entry
from exosphere_orchestrator.steering.rerun import rerun

__all__ = ["full_lane"]

DONE = encode(Executed([{"v": "1"}]))


async def taken(world: World, *identifiers: str, count: int = 10) -> list[Entry]:
    return await polled.take(world.redis, [HOME.ready(each.upper()) for each in identifiers], "sm", count)


async def held(world: World, entries: Sequence[Entry]) -> list[Standing]:
    """They pass to a client; returns where their states stand."""
    kept = await polled.hold(world.redis, entries, f"{HTTP_HOLDER}sm")
    places = [(HOME, entry.fields[b"state"].decode()) for entry in kept]
    return [standing for standing in await polled.read_standings(world.redis, places) if standing]


def test_what_is_taken_comes_fairly_from_all_streams_and_never_above_the_number(lane: Lane) -> None:
    async def scene(world: World) -> None:
        for identifier, count in (("a", 7), ("b", 2), ("c", 5)):
            await world.graph(node(identifier), name=identifier)
            for _ in range(count):
                await world.trigger(identifier)
        # A stream without its group, and a key that is none, give nothing and hold nothing up.
        await world.redis.xadd(HOME.ready("D"), {"state": "x"})
        await world.redis.set(HOME.ready("E"), "x")
        first = await taken(world, "a", "d", "b", "e", "c", "none", count=9)
        streams = [entry.stream for entry in first]
        assert len(first) == 9
        assert streams.count(HOME.ready("B")) == 2
        assert min(streams.count(HOME.ready("A")), streams.count(HOME.ready("C"))) >= 3
        rest = await taken(world, "a", "b", "c", count=100)
        assert len({(entry.stream, entry.id) for entry in first + rest}) == 14
        assert await taken(world, "a", "b", "c") == []

    lane.run(scene)


def test_a_delivery_ends_once_and_only_by_whoever_polls_and_has_it(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        entries = await taken(world, "a")
        # With the state manager still, and no client's.
        place = (HOME, entries[0].fields[b"state"].decode())
        (standing,) = await polled.read_standings(world.redis, [place])
        assert standing is not None
        assert (await polled.hand_in(world.redis, standing, Kind.EXECUTED, DONE))[0] == "other"
        (standing,) = await held(world, entries)
        answers = await asyncio.gather(
            *(polled.hand_in(world.redis, standing, Kind.EXECUTED, DONE) for _ in range(3))
        )  # fmt: skip
        assert sorted(word for word, _ in answers) == ["gone", "gone", "taken"]
        await world.drain()
        assert world.context.counts["stale"] == 0
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_what_is_not_pending_any_more_passes_to_nobody(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        for _ in range(2):
            await world.trigger()
        first, second = await taken(world, "a")
        await world.redis.xack(first.stream, RUNTIMES_GROUP, first.id)
        assert await polled.hold(world.redis, [first, second], f"{HTTP_HOLDER}sm") == [second]

    lane.run(scene)


def test_a_state_that_waits_for_its_time_has_no_entry_that_could_be_reported(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger(delay_ms=60_000)
        (standing,) = await polled.read_standings(world.redis, [(HOME, (await world.state("a")).id)])
        assert standing is not None
        assert not standing.is_queued
        assert await polled.read_standings(world.redis, [(HOME, "0" * 32)]) == [None]

    lane.run(scene)


def test_all_of_it_works_when_memory_is_full(full_lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b"))
        await world.trigger()
        await world.redis.script_flush()
        async with full(world.redis):
            (standing,) = await held(world, await taken(world, "a"))
            assert (await polled.hand_in(world.redis, standing, Kind.EXECUTED, DONE))[0] == "taken"
            await world.drain()
            (standing,) = await held(world, await taken(world, "b"))
            assert (await polled.hand_in(world.redis, standing, Kind.EXECUTED, DONE))[0] == "taken"
            await world.drain()
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    full_lane.run(scene)


def test_states_of_a_rerun_that_replay_are_not_taken_for_ones_that_can_be_reported(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b"))
        run = await world.trigger()
        await world.do("a", one(v="1"))
        await world.do("b", one())
        world.run_id = await rerun(world.context, HOME, run, identifier="b", inputs={}, store={})
        (standing,) = await polled.read_standings(world.redis, [(HOME, (await world.state("a")).id)])
        assert standing is not None
        assert standing.entry
        assert not standing.is_queued

    lane.run(scene)
