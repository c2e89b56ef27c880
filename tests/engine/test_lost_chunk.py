"""A replica takes over in the middle of a wide fan-out and lacks a chunk that the master had acknowledged."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from engine.world import HOME, Lane, World, many, node
from exosphere_core.store.calls import Call
from exosphere_core.store.calls import apply as really_apply
from exosphere_orchestrator.engine import consumer, expander

WIDTH = 60


async def _fanned_out(world: World) -> None:
    await world.graph(node("a", ["b"]), node("b", ["c"]), node("c", unites="a"))
    await world.trigger()
    await world.send(await world.take_one("a"), many(*map(str, range(WIDTH))))


@pytest.mark.parametrize("lost", [1, 2, "all"])
def test_a_fan_out_that_lost_a_chunk_is_not_gone_on_with_and_comes_out_whole(
    lane: Lane, lost: int | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies: list[Any] = []

    async def apply_but_lose(redis: Any, calls: Sequence[Call]) -> list[Any]:
        """The master acknowledged what its replica never had."""
        for call in calls:
            chunk = int(call.args[5]) if call.name == "expand" else 0
            replies.append([b"applied", b""] if chunk and lost in (chunk, "all") else await really_apply(redis, call))
        return replies[-len(calls) :]

    async def scene(world: World) -> None:
        await _fanned_out(world)
        with monkeypatch.context() as patch:
            patch.setattr(expander, "apply_all", apply_but_lose)
            await world.consumer.apply(entries := await world.reports())
            await world.consumer.settled()
        assert replies[-1][0] == b"gap"
        assert (await world.states("a"))[0].status != "SUCCESS"
        await world.consumer.apply(entries)
        await world.consumer.settled()
        assert await _values(world) == [str(number) for number in range(WIDTH)]
        assert len(await world.states("b")) == WIDTH
        await world.check_counts()

    lane.run(scene)


async def _values(world: World) -> Sequence[str]:
    return [state.outputs["v"] for state in await world.states("a")]


def test_a_chunk_out_of_turn_changes_nothing(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await _fanned_out(world)
        calls: list[Call] = []
        with pytest.MonkeyPatch.context() as patch:
            # What is to come is known then, and nothing of it was done.
            patch.setattr(consumer, "expand", _collect(calls))
            await world.consumer.apply(await world.reports())
            await world.consumer.settled()
        first, second, third, *_ = calls
        before = await world.redis.dbsize()
        assert (await really_apply(world.redis, third))[0] == b"gap"
        assert (await really_apply(world.redis, calls[-1]))[0] == b"gap"
        assert await world.redis.dbsize() == before
        for call in (first, second, second, first, third):
            assert (await really_apply(world.redis, call))[0] == b"applied"
        assert int(await world.redis.hget(HOME.state((await world.states("a"))[0].id), "expanded")) == 3

    lane.run(scene)


def _collect(calls: list[Call]) -> Any:
    async def expand(context: Any, work: Any) -> None:
        await asyncio.sleep(0)
        calls.extend(made.call for made in work.calls)

    return expand
