"""The consumer on a real server: reports of the dead are taken over, lost replies recovered, nothing pending deleted."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from engine.world import HOME, World, many, node, one
from exosphere_core.ending import end
from exosphere_core.keys import STATE_MANAGERS_GROUP
from exosphere_core.store import streams
from exosphere_core.store.groups import ensure_groups
from exosphere_core.store.streams import Entry
from exosphere_orchestrator.engine.consumer import Consumer


def play(url: str, scene: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    async def once() -> None:
        redis = Redis.from_url(url)
        await redis.flushall()
        world = World(redis)
        try:
            await scene(world)
        finally:
            await world.close()
            await redis.aclose()

    asyncio.run(once())


@asynccontextmanager
async def consuming(world: World, url: str, lease_ms: int = 30_000) -> AsyncIterator[Consumer]:
    """A state manager's consumer runs, with connections of its own."""
    consumer = Consumer(replace(world.context, url=url, lease_ms=lease_ms), HOME, lambda *_: None)
    running = asyncio.create_task(consumer.run())
    try:
        yield consumer
    finally:
        await end(running)


async def until(what: str, condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():
            await asyncio.sleep(0.002)


async def ended(world: World, run: str | None = None) -> None:
    async def over() -> bool:
        world.run_id = run or world.run_id
        return (await world.run()).status != "PENDING"

    await until("the run ends", over)


async def tidy(world: World) -> None:
    """Nothing is left in the report stream."""

    async def empty() -> bool:
        return bool(await world.redis.xlen(HOME.reports) == 0)

    await until("the reports are gone", empty)


async def delivered_to(world: World, name: str, count: int = 10) -> list[Entry]:
    """Another state manager takes reports, and that is the last that is heard of it."""
    return await streams.read_new(world.redis, STATE_MANAGERS_GROUP, name, [HOME.reports], count, None)


def test_reports_that_a_dead_state_manager_took_are_taken_over(redis_url: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        runs = [await world.trigger() for _ in range(3)]
        for held in await world.take("a"):
            await world.send(held, one())
        assert len(await delivered_to(world, "dead")) == 3
        async with consuming(world, redis_url, lease_ms=200):
            for run in runs:
                await ended(world, run)
            await tidy(world)
        await world.check_counts()

    play(redis_url, scene)


def test_a_report_that_a_living_state_manager_holds_is_left_to_it(redis_url: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        theirs, ours = [await world.trigger() for _ in range(2)]
        first, second = sorted(await world.take("a"), key=lambda held: held.task.run != theirs)
        await world.send(first, one())
        (entry,) = await delivered_to(world, "living")
        await world.send(second, one())
        async with consuming(world, redis_url):
            await ended(world, ours)
        (pending,) = await world.redis.xpending_range(HOME.reports, STATE_MANAGERS_GROUP, "-", "+", 10)
        assert (pending["message_id"].decode(), pending["consumer"]) == (entry.id, b"living")
        world.run_id = theirs
        assert (await world.run()).status == "PENDING"

    play(redis_url, scene)


def test_only_reports_that_were_held_for_long_are_taken_over(redis_url: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        await world.send(await world.take_one("a"), one())
        (entry,) = await delivered_to(world, "dead")
        assert await streams.take_over(world.redis, HOME.reports, "sm-1", 3_600_000, 10) == []
        (taken,) = await streams.take_over(world.redis, HOME.reports, "sm-1", 0, 10)
        assert taken == entry

    play(redis_url, scene)


def test_what_was_delivered_before_the_connection_was_lost_is_applied_after(redis_url: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b"))
        await world.trigger()
        # The reply with the report was lost: it was delivered to this consumer, which never saw it.
        await world.send(await world.take_one("a"), one())
        await delivered_to(world, world.context.consumer)
        # The state manager has its connections to itself: every one of them is killed, and none that the test looks with.
        theirs = World(Redis.from_url(redis_url))
        async with consuming(theirs, redis_url):
            await until("it reads", lambda: blocked(world))
            assert await world.redis.xlen(HOME.ready("B")) == 0
            await world.redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            await until("b is ready", lambda: has_entries(world, HOME.ready("B")))
            await world.send(await world.take_one("b"), one())
            await ended(world)
            await tidy(world)
        await theirs.close()
        await theirs.redis.aclose()
        await world.check_counts()

    play(redis_url, scene)


async def has_entries(world: World, stream: str) -> bool:
    return bool(await world.redis.xlen(stream))


async def blocked(world: World) -> bool:
    """Whether a client waits in a blocking read."""
    return bool((await world.redis.info("clients"))["blocked_clients"])


def test_scripts_that_redis_forgot_are_given_to_it_again(redis_url: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b"))
        async with consuming(world, redis_url):
            for _ in range(3):
                await world.trigger()
                for identifier in ("a", "b"):
                    await until("it is ready", partial(has_entries, world, HOME.ready(identifier.upper())))
                    held = await world.take_one(identifier)
                    await world.redis.script_flush()
                    await world.send(held, one())
                await ended(world)
                assert (await world.run()).status == "SUCCESS"
            await tidy(world)
        await world.check_counts()

    play(redis_url, scene)


def test_a_report_that_redis_refuses_again_and_again_is_put_aside_and_stops_nothing_else(redis_url: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        bad, good = [await world.trigger() for _ in range(2)]
        poisoned, sound = sorted(await world.take("a"), key=lambda held: held.task.run != bad)
        # The state's record has another type now, so that its script is refused at the first look.
        await world.redis.set(HOME.state(poisoned.state), "no hash")
        world.context.tasks.keep({poisoned.state: poisoned.task})
        await world.send(poisoned, one())
        await world.send(sound, one())
        async with consuming(world, redis_url):
            await ended(world, good)
            await until("the bad one is put aside", lambda: has_entries(world, HOME.rejected))
            later = await world.trigger()
            await world.send(await world.take_one("a"), many("1", "2"))
            await ended(world, later)
            await tidy(world)
        ((_, kept),) = await world.redis.xrange(HOME.rejected)
        assert kept[b"state"].decode() == poisoned.state
        assert b"WRONGTYPE" in kept[b"reason"] or b"wrong kind of value" in kept[b"reason"]
        assert world.context.counts["rejected"] == 1
        world.run_id = good
        assert (await world.run()).status == "SUCCESS"

    play(redis_url, scene)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.just(0)),
        st.tuples(st.just("deliver"), st.integers(1, 3)),
        st.tuples(st.just("ack"), st.integers(0, 5)),
        st.tuples(st.just("sweep"), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(steps=STEPS)
def test_a_sweep_deletes_acknowledged_entries_only(redis_url: str, steps: list[tuple[str, int]]) -> None:
    async def scene() -> None:
        redis = Redis.from_url(redis_url)
        await redis.flushall()
        await ensure_groups(redis, ["s"], "g")
        undelivered: list[str] = []
        pending: list[str] = []
        acknowledged: set[str] = set()
        for step, number in [*steps, ("sweep", 0)]:
            if step == "add":
                undelivered.append((await redis.xadd("s", {"a": "b"})).decode())
            elif step == "deliver":
                got = [entry.id for entry in await streams.read_new(redis, "g", "c", ["s"], number, None)]
                assert got == undelivered[:number]
                del undelivered[:number]
                pending += got
            elif step == "ack" and pending:
                done = pending.pop(number % len(pending))
                await redis.xack("s", "g", done)
                acknowledged.add(done)
            elif step == "sweep":
                await streams.sweep(redis, "s", "g")
                left = {entry.decode() for entry, _ in await redis.xrange("s")}
                assert left >= {*pending, *undelivered}
                assert left <= {*pending, *undelivered, *acknowledged}
                if not pending:
                    assert left == set(undelivered), "all that is acknowledged goes when nothing older is held"
        await redis.aclose()

    asyncio.run(scene())


def test_what_lay_behind_the_report_of_a_wide_fan_out_is_swept_some_thousands_at_a_time(redis_url: str) -> None:
    async def scene() -> None:
        redis = Redis.from_url(redis_url)
        await redis.flushall()
        await ensure_groups(redis, ["s"], "g")
        pipeline = redis.pipeline(transaction=False)
        for _ in range(10_050):
            pipeline.xadd("s", {"a": "b"})
        first, *others = await pipeline.execute()
        await streams.read_new(redis, "g", "c", ["s"], len(others), None)
        await redis.xack("s", "g", *others)
        await streams.sweep(redis, "s", "g")
        assert await redis.xlen("s") == 10_050, "the oldest is held"
        await redis.xack("s", "g", first)
        await redis.config_resetstat()
        await streams.sweep(redis, "s", "g")
        assert await redis.xlen("s") == 1, "the newest was not delivered"
        assert (await redis.info("commandstats"))["cmdstat_xtrim"]["calls"] >= 10_000 / 4096
        await redis.aclose()

    asyncio.run(scene())
