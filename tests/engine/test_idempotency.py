"""Triggers that carry an idempotency key, on both lanes."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from redis.exceptions import ConnectionError as Lost

from engine.world import HOME, Lane, World, node, one
from exosphere_core.errors import BadRequest, Conflict, NotFound
from exosphere_core.ids import shard_of_ours
from exosphere_core.keys import ShardKeys
from exosphere_core.store import calls, reads, upkeep
from exosphere_orchestrator import runs as starting
from exosphere_orchestrator.admission import intake
from exosphere_orchestrator.catalog import deletion
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.inputs import Limits
from exosphere_orchestrator.runs import RunStarter, Started


async def keyed(
    world: World,
    key: str = "k",
    inputs: Mapping[str, str] | None = None,
    store: Mapping[str, str] | None = None,
    delay_ms: int = 0,
    shards: int = 1,
) -> Started:
    """A state manager that remembers nothing triggers `g`."""
    starter = RunStarter(world.redis, GraphPlans(world.redis), Limits(1000, 1_000_000), shards, lambda *_: None)
    started = await starter.trigger("ns", "g", inputs or {}, store or {}, delay_ms, key=key)
    world.run_id = started.run_id
    return started


async def runs(world: World) -> int:
    return int(await world.redis.zcard(HOME.runs))


def test_a_repeat_answers_the_same_run_and_makes_no_second_one(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        first = await keyed(world, inputs={"x": "2", "z": "3"}, store={"s": "4", "t": "5"})
        again = await keyed(world, inputs={"z": "3", "x": "2"}, store={"t": "5", "s": "4"})
        assert again == first
        assert again.ignored_inputs == ["z"]
        assert await runs(world) == 1
        assert await reads.read_store(world.redis, HOME, first.run_id) == {"s": "4", "t": "5"}
        await world.do("a", one())
        assert await world.statuses() == {"a": ["SUCCESS"]}
        await world.check_counts()

    lane.run(scene)


@pytest.mark.parametrize(
    "other", [{"inputs": {"x": "3"}}, {"store": {"x": "2"}, "inputs": {}}, {"store": {"s": "1"}}, {"delay_ms": 5}]
)
def test_another_request_with_the_same_key_is_refused_and_changes_nothing(lane: Lane, other: dict[str, Any]) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        await keyed(world, inputs={"x": "2"})
        before = await world.states()
        with pytest.raises(Conflict, match="idempotency key 'k' was used for another trigger of graph 'g'"):
            await keyed(world, **{"inputs": {"x": "2"}, **other})
        assert await runs(world) == 1
        assert await world.states() == before

    lane.run(scene)


def test_two_triggers_at_once_with_the_same_key_make_one_run(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        answers = await asyncio.gather(*(keyed(world) for _ in range(8)))
        assert len({answer.run_id for answer in answers}) == 1
        assert await runs(world) == 1
        assert len(await world.take("a")) == 1

    lane.run(scene)


def test_two_different_requests_at_once_with_the_same_key_make_one_run(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        answers = await asyncio.gather(
            *(keyed(world, inputs={"x": str(number)}) for number in range(4)), return_exceptions=True
        )
        assert sum(isinstance(answer, Started) for answer in answers) == 1
        assert sum(isinstance(answer, Conflict) for answer in answers) == 3
        assert await runs(world) == 1

    lane.run(scene)


@pytest.mark.parametrize("losses", [1, 2, 3])
def test_a_trigger_whose_reply_was_lost_is_answered_by_its_repeat(
    lane: Lane, monkeypatch: pytest.MonkeyPatch, losses: int
) -> None:
    left = losses

    async def losing(redis: Any, call: calls.Call) -> Any:
        nonlocal left
        reply = await calls.apply(redis, call)
        if left:
            left -= 1
            raise Lost("the reply was lost")
        return reply

    async def scene(world: World) -> None:
        await world.graph(node("a"))
        monkeypatch.setattr(intake, "apply", losing)
        monkeypatch.setattr(starting, "_PAUSE_S", 0)
        if losses == 3:
            # It gives up, and the client sends its trigger again.
            with pytest.raises(Lost):
                await keyed(world)
        await keyed(world)
        assert left == 0
        assert await runs(world) == 1
        assert len(await world.take("a")) == 1

    lane.run(scene)


def test_keys_of_other_graphs_and_other_keys_make_runs_of_their_own(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.graph(node("a"), name="h")
        starter = RunStarter(world.redis, GraphPlans(world.redis), Limits(1000, 1_000_000), 1, lambda *_: None)
        found = [
            (await starter.trigger("ns", graph, {}, {}, 0, key=key)).run_id for graph in "gh" for key in ("k", "l")
        ]
        assert len(set(found)) == 4

    lane.run(scene)


def test_a_repeat_answers_the_same_run_when_that_has_ended_and_whatever_became_of_the_graph(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        first = await keyed(world, inputs={"x": "2", "z": "3"})
        await world.do("a", one())
        assert await keyed(world, inputs={"x": "2", "z": "3"}) == first
        required = {"required_keys": ["needed"], "default_values": {}}
        await world.graph(node("a", x="1", z="1"), store_config=required)
        with pytest.raises(BadRequest, match="needed"):
            await keyed(world, key="another")
        assert await keyed(world, inputs={"x": "2", "z": "3"}) == first
        with pytest.raises(Conflict):
            await keyed(world, inputs={"x": "3"})
        await deletion.delete(world.redis, "ns", "g", 1, force=False)
        with pytest.raises(NotFound):
            await keyed(world, key="another")
        assert (await keyed(world, inputs={"x": "2", "z": "3"})).run_id == first.run_id
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


def test_a_key_is_free_again_when_its_run_was_removed_and_the_new_run_shares_no_state_with_it(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b"))
        first = await keyed(world)
        held = await world.do("a", one())
        late = await world.take_one("b")
        await world.report(late, one())
        await upkeep.delete_run(world.redis, HOME, first.run_id)
        await world.graph(node("a", ["c"]), node("c"))
        again = await keyed(world, store={"s": "1"})
        assert again.run_id == first.run_id
        await world.send(held, one())
        await world.drain()
        assert await world.statuses() == {"a": ["CREATED"]}
        # The engine still remembers the states of old: the new run follows its own version.
        await world.do("a", one())
        await world.do("c", one())
        assert await world.statuses() == {"a": ["SUCCESS"], "c": ["SUCCESS"]}
        await world.check_counts()

    lane.run(scene)


def test_keys_spread_runs_over_the_shards_and_each_stays_on_its_own(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        found = [(await keyed(world, key=str(number), shards=4)).run_id for number in range(40)]
        again = [(await keyed(world, key=str(number), shards=4)).run_id for number in range(40)]
        assert again == found
        assert {shard_of_ours(run) for run in found} == {0, 1, 2, 3}
        for run in found:
            assert await reads.read_runs(world.redis, ShardKeys("ns", shard_of_ours(run)), [run])

    lane.run(scene)
