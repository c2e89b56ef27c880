"""A unite whose inputs are large: they are laid down beside the state, which takes them over as it is made."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from engine.world import HOME, Lane, World, many, node, one
from exosphere_core.store import moves
from exosphere_core.store.calls import Call
from exosphere_core.store.calls import apply_all as really_apply_all
from exosphere_orchestrator.engine import joiner

VALUES = ["x" * 40_000, "y" * 40_000]


async def _about_to_fire(world: World) -> None:
    await world.graph(node("a", ["b"]), node("b", ["u"]), node("u", unites="a", bs="${{ b.outputs.v }}"))
    await world.trigger()
    await world.do("a", many("1", "2"))
    for held, value in zip(await world.take("b"), VALUES, strict=True):
        await world.send(held, one(v=value))
    await world.consumer.apply(await world.reports())


async def _check_fired_once_with_all(world: World) -> None:
    u = await world.take_one("u")
    assert json.loads(json.loads(u.inputs)["bs"]) == VALUES
    (state,) = await world.states("u")
    assert json.loads(state.inputs["bs"]) == VALUES
    assert await world.redis.ttl(HOME.state(state.id)) == -1
    assert not await world.redis.exists(HOME.laid_inputs(state.id))
    await world.report(u, one())
    assert (await world.run()).status == "SUCCESS"
    await world.check_counts()


def test_large_inputs_come_to_the_record_and_to_the_runtime(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await _about_to_fire(world)
        await world.drain()
        await _check_fired_once_with_all(world)

    lane.run(scene)


def test_inputs_that_were_lost_after_they_were_laid_down_are_laid_down_again(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a replica takes over that lacks them."""
    replies: list[Any] = []

    async def lose_the_first(redis: Any, calls: Sequence[Call]) -> list[Any]:
        found = await really_apply_all(redis, calls) if replies else [None, *await really_apply_all(redis, calls[1:])]
        replies.append(found[-1][0])
        return found

    async def scene(world: World) -> None:
        replies.clear()
        await _about_to_fire(world)
        with monkeypatch.context() as patch:
            patch.setattr(joiner, "apply_all", lose_the_first)
            await world.drain()
        # Twice where the server does not know the first script yet.
        assert replies in ([b"gap", b"applied"], [b"gap", b"gap", b"applied"])
        await _check_fired_once_with_all(world)

    lane.run(scene)


def test_inputs_that_are_lost_again_and_again_come_with_the_rest(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when Redis evicts whatever expires."""
    applied: list[list[str]] = []

    async def lose_them(redis: Any, calls: Sequence[Call]) -> list[Any]:
        applied.append([call.name for call in calls])
        return await really_apply_all(redis, calls[-1:])

    async def scene(world: World) -> None:
        applied.clear()
        await _about_to_fire(world)
        with monkeypatch.context() as patch:
            patch.setattr(joiner, "apply_all", lose_them)
            await world.drain()
        assert applied == [["lay_down", "join"]] * 3 + [["join"]]
        await _check_fired_once_with_all(world)

    lane.run(scene)


def test_inputs_that_come_when_the_unite_has_fired_are_removed(lane: Lane) -> None:
    calls: list[Call] = []

    async def scene(world: World) -> None:
        await _about_to_fire(world)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(joiner, "fire", _collect(calls))
            await world.drain()
        for _ in range(2):
            await joiner.fire(world.redis, calls)
        await _check_fired_once_with_all(world)

    lane.run(scene)


def test_inputs_that_no_state_takes_over_go_by_themselves(lane: Lane) -> None:
    async def scene(world: World) -> None:
        calls: list[Call] = []
        await _about_to_fire(world)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(joiner, "fire", _collect(calls))
            await world.drain()
        lay_down, _ = calls
        await really_apply_all(world.redis, [lay_down])
        assert 0 < await world.redis.pttl(lay_down.keys[0]) <= 600_000

    lane.run(scene)


def test_small_inputs_take_one_call(lane: Lane) -> None:
    calls: list[Call] = []

    async def scene(world: World) -> None:
        calls.clear()
        await world.graph(node("a", ["b"]), node("b", ["u"]), node("u", unites="a", bs="${{ b.outputs.v }}"))
        await world.trigger()
        await world.do("a", many("1"))
        await world.send(await world.take_one("b"), one(v="x" * (moves.LARGE_BYTES // 2)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(joiner, "fire", _collect(calls))
            await world.drain()
        assert [call.name for call in calls] == ["join"]

    lane.run(scene)


def _collect(calls: list[Call]) -> Any:
    async def fire(_: Any, to_apply: Sequence[Call]) -> bool:
        calls[:] = to_apply
        return True

    return fire
