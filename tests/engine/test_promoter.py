"""The promoter: waiting states become ready when their time comes, whoever noted them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic

import pytest

from engine.world import HOME, Lane, Requeued, World, node, one
from exosphere_core.ending import end
from exosphere_core.ids import derived_id
from exosphere_core.store.catalog import now_ms
from exosphere_orchestrator.engine import promoter as module
from exosphere_orchestrator.engine.promoter import Promoter


@asynccontextmanager
async def promoting(world: World) -> AsyncIterator[Promoter]:
    promoter = Promoter(world.context, HOME)
    running = asyncio.create_task(promoter.run())
    try:
        yield promoter
    finally:
        await end(running)


async def until(what: str, condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(30):
        while not await condition():
            await asyncio.sleep(0.002)


async def ready(world: World, count: int) -> None:
    """Wait until so many states of the node are ready."""

    async def enough() -> bool:
        return bool(await world.redis.xlen(HOME.ready("A")) == count)

    await until(f"{count} are ready", enough)


async def make_due(world: World, states: list[str], at: int = 1) -> None:
    """Set due times back or forward: the clock can't be moved."""
    await world.redis.zadd(HOME.due, dict.fromkeys(states, at))


async def waiting(world: World, count: int, delay_ms: int = 3_600_000) -> list[str]:
    """Runs whose root waits."""
    return [derived_id("root", await world.trigger(delay_ms=delay_ms)) for _ in range(count)]


def test_a_state_becomes_ready_when_its_time_comes_and_not_before(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger(delay_ms=60)
        ((state, delay),) = world.noted
        assert (await world.state("a")).due_at is not None
        due = int(await world.redis.zscore(HOME.due, state))
        async with promoting(world) as promoter:
            promoter.note(state, delay)
            await ready(world, 1)
        ((entry, _),) = await world.redis.xrange(HOME.ready("A"))
        assert int(entry.split(b"-")[0]) >= due
        record = await world.state("a")
        assert (record.status, record.due_at) == ("CREATED", None)
        assert await world.redis.zcard(HOME.due) == 0
        await world.do("a", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_note_wakes_a_promoter_that_sleeps(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        monkeypatch.setattr(module, "_LOOK_S", 3600)  # the next look is far off
        async with promoting(world) as promoter:

            async def looked() -> bool:
                return promoter._look_at > 0

            await until("it has looked", looked)
            (state,) = await waiting(world, 1, delay_ms=1)
            promoter.note(state, 1)
            await ready(world, 1)

    lane.run(scene)


def test_what_another_state_manager_noted_is_found_within_a_bounded_wait(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        async with promoting(world):
            states = await waiting(world, 3)
            began = monotonic()
            await make_due(world, states)
            await ready(world, 3)
            assert monotonic() - began < 10 * module._LOOK_S

    lane.run(scene)


def test_a_time_that_was_put_off_is_waited_for_anew(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        promoter = Promoter(world.context, HOME)
        (state,) = await waiting(world, 1)
        promoter.note(state, 0)  # too early: Redis says how much is left
        await promoter.run_once()
        assert await world.redis.xlen(HOME.ready("A")) == 0
        assert await world.redis.zscore(HOME.due, state) is not None
        assert (await world.state("a")).status == "CREATED"

    lane.run(scene)


def test_a_requeued_state_comes_back_under_its_next_attempt(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        async with promoting(world) as promoter:
            held = await world.take_one("a")
            await world.report(held, Requeued(20))
            for state, delay in world.noted:
                promoter.note(state, delay)
            await ready(world, 1)
        again = await world.take_one("a")
        assert (again.state, again.attempt) == (held.state, "2")

    lane.run(scene)


def test_a_state_whose_record_is_gone_is_taken_off_the_list(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        gone, kept = await waiting(world, 2)
        await world.redis.delete(HOME.state(gone))
        await make_due(world, [gone, kept])
        await Promoter(world.context, HOME).run_once()
        assert await world.redis.zcard(HOME.due) == 0
        (held,) = await world.take("a")
        assert held.state == kept
        assert await world.redis.exists(HOME.ready("none")) == 0

    lane.run(scene)


def test_many_steps_full_that_are_due_at_once_do_not_wait_for_the_next_look(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH", 50)

    async def scene(world: World) -> None:
        await world.graph(node("a"))
        states = await waiting(world, 170)
        await make_due(world, states)
        promoter = Promoter(world.context, HOME)
        for _ in range(4):  # 50 in each step; none of them waits
            await promoter.run_once()
        assert await world.redis.xlen(HOME.ready("A")) == 170
        assert await world.redis.zcard(HOME.due) == 0

    lane.run(scene)


def test_many_that_wait_do_not_hide_those_that_are_noted_here(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH", 50)

    async def scene(world: World) -> None:
        await world.graph(node("a"))
        far = await waiting(world, 60)
        await make_due(world, far, await now_ms(world.redis) + 1_500)
        async with promoting(world) as promoter:
            (near,) = await waiting(world, 1, delay_ms=10)
            promoter.note(near, 10)
            await ready(world, 61)
        entries = await world.redis.xrange(HOME.ready("A"))
        assert entries[0][1][b"state"].decode() == near

    lane.run(scene)


def test_after_a_fault_everything_is_looked_for_anew(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        (state,) = await waiting(world, 1)
        promoter = Promoter(world.context, HOME)
        await promoter.run_once()
        await make_due(world, [state])
        await promoter.recover()
        await promoter.run_once()
        assert await world.redis.xlen(HOME.ready("A")) == 1

    lane.run(scene)
