"""Rules about retries and lost workers that no other test shows by itself, on both lanes."""

import random
from typing import Any

import pytest

from engine.world import HOME, Lane, Pruned, World, failed, many, node, one
from exosphere_core.store import streams
from exosphere_orchestrator.engine.reaper import Reaper


def at_once(max_retries: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A policy whose retries are drawn to be ready at once."""
    monkeypatch.setattr(random, "random", lambda: 0.0)
    return {"retry_policy": {"max_retries": max_retries, "strategy": "FIXED_FULL_JITTER"}}


async def lose(world: World, identifier: str) -> None:
    """The worker that took the one ready state of a node shows no life for a lease."""
    held = await world.take_one(identifier)
    entries = await streams.read_entries(world.redis, held.stream, [held.entry])
    await Reaper(world.context, HOME).reclaim(entries)
    await world.drain()


def test_a_delay_of_nothing_makes_the_retry_ready_at_once(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"), **at_once(1, monkeypatch))
        await world.trigger()
        await world.do("a", failed())
        assert world.noted == []
        assert (await world.take_one("a")).task.retry_count == 1

    lane.run(scene)


def test_each_retry_counts_one_and_the_last_failure_is_final(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"), **at_once(2, monkeypatch))
        await world.trigger()
        for number in range(3):
            assert (await world.run()).status == "PENDING"
            await world.do("a", failed(f"try {number}"))
        found = [(state.status, state.task.retry_count, state.error) for state in await world.states("a")]
        assert found == [("RETRY_CREATED", 0, "try 0"), ("RETRY_CREATED", 1, "try 1"), ("ERRORED", 2, "try 2")]
        assert (await world.run()).status == "FAILED"
        await world.check_counts()

    lane.run(scene)


def test_a_state_that_lost_its_workers_is_retried_with_an_error_that_says_so(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"), **at_once(1, monkeypatch))
        await world.trigger()
        for lost in range(3):
            assert (await world.statuses())["a"] == ["CREATED"], f"{lost} leases were lost"
            await lose(world, "a")
        old, new = await world.states("a")
        assert (old.status, new.status) == ("RETRY_CREATED", "CREATED")
        assert "lost its worker 3 times" in str(old.error)
        await world.do("a", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_retry_has_its_place_in_the_order_of_branches(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World) -> None:
        await world.graph(
            node("a", ["b"]), node("b", ["u"]), node("u", unites="a", x="${{ b.outputs.v }}"), **at_once(1, monkeypatch)
        )
        await world.trigger()
        await world.do("a", many("1", "2", "3", "4"))
        first, second, third, fourth = await world.take("b")
        await world.report(fourth, one(v="4"))
        await world.report(second, failed())
        await world.report(first, failed())
        await world.report(third, Pruned({}))
        for value, held in zip("12", await world.take("b"), strict=True):
            await world.report(held, one(v=value))
        assert (await world.state("u")).inputs == {"x": '["1","2","4"]'}

    lane.run(scene)
