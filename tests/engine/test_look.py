"""A trigger of a graph that was triggered before has its script look at the graph, and comes to what it would have come to by reading it first."""

from collections.abc import Mapping
from typing import Any

import pytest

from engine.world import HOME, Lane, World, node, one
from exosphere_core.errors import BadRequest, Conflict, InvalidGraph, NotFound
from exosphere_core.keys import CatalogKeys
from exosphere_core.store import catalog, moves
from exosphere_core.store.calls import Call, apply, recorded
from exosphere_core.store.faults import ResponseError
from exosphere_orchestrator import runnable
from exosphere_orchestrator.admission import intake
from exosphere_orchestrator.catalog import deletion, graph_pauses
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.inputs import Limits
from exosphere_orchestrator.runs import RunStarter, Started


class Manager:
    """A state manager that triggers `g`, and remembers what it has seen."""

    def __init__(self, world: World) -> None:
        self._starter = RunStarter(
            world.redis, GraphPlans(world.redis), Limits(1000, 1_000_000), 1, lambda *_: None
        )  # fmt: skip

    async def trigger(
        self, inputs: Mapping[str, str] | None = None, store: Mapping[str, str] | None = None, key: str | None = None
    ) -> Started:
        return await self._starter.trigger("ns", "g", inputs or {}, store or {}, 0, key=key)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The graphs that were read before a trigger."""
    found: list[str] = []

    async def seen(redis: Any, namespace: str, graph: str) -> Any:
        found.append(graph)
        return await catalog.read_head(redis, namespace, graph)

    monkeypatch.setattr(runnable, "read_head", seen)
    return found


async def version_of(world: World, run: Started) -> bytes:
    """Which version of the graph a run is of."""
    return bytes(await world.redis.hget(HOME.run(run.run_id), "version"))


def test_a_graph_is_read_for_its_first_trigger_alone(lane: Lane, reads: list[str]) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        manager = Manager(world)
        started = [await manager.trigger(inputs={"x": value}) for value in "23"]
        assert reads == ["g"]
        assert [held.inputs for held in await world.take("a")] == [b'{"x":"2"}', b'{"x":"3"}']
        assert len({run.run_id for run in started}) == 2

    lane.run(scene)


def test_a_run_is_of_the_newest_version_whoever_stored_it(lane: Lane, reads: list[str]) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        manager = Manager(world)
        await manager.trigger()
        await world.graph(node("b"))
        run = await manager.trigger()
        assert await version_of(world, run) == b"2"
        assert await version_of(world, await manager.trigger()) == b"2"
        assert reads == ["g", "g"]
        assert (len(await world.take("a")), len(await world.take("b"))) == (1, 2)
        assert await world.redis.zcard(HOME.runs) == 3

    lane.run(scene)


def test_a_graph_that_was_paused_since_takes_no_run_until_it_is_resumed(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        manager = Manager(world)
        await manager.trigger()
        await graph_pauses.pause(world.redis, "ns", "g")
        with pytest.raises(Conflict, match="graph 'g' is paused"):
            await manager.trigger()
        await graph_pauses.resume(world.redis, "ns", "g")
        await manager.trigger()
        assert await world.redis.zcard(HOME.runs) == 2

    lane.run(scene)


def test_a_graph_that_was_deleted_since_takes_no_run(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        manager = Manager(world)
        await manager.trigger()
        await world.do("a", one())
        await deletion.delete(world.redis, "ns", "g", 1, force=True)
        with pytest.raises(NotFound, match="has no graph 'g'"):
            await manager.trigger()
        await world.graph(node("b"))
        assert await version_of(world, await manager.trigger()) == b"3"

    lane.run(scene)


def test_a_graph_that_became_invalid_since_takes_no_run(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        manager = Manager(world)
        await manager.trigger()
        await catalog.judge_version(world.redis, "ns", "g", 1, "INVALID", ["node A is gone"])
        with pytest.raises(InvalidGraph, match="node A is gone"):
            await manager.trigger()
        await catalog.judge_version(world.redis, "ns", "g", 1, "VALID", [])
        await manager.trigger()

    lane.run(scene)


def test_what_the_version_that_was_seen_refuses_is_refused_if_the_newest_one_does(lane: Lane) -> None:
    async def scene(world: World) -> None:
        required = {"required_keys": ["k"], "default_values": {}}
        await world.graph(node("a"), store_config=required)
        manager = Manager(world)
        await manager.trigger(store={"k": "1"})
        with pytest.raises(BadRequest, match="graph 'g' needs 'k'"):
            await manager.trigger()
        await world.graph(node("a"))
        assert await version_of(world, await manager.trigger()) == b"2"

    lane.run(scene)


def test_a_repeat_is_answered_with_its_run_whatever_became_of_the_graph(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", x="1"))
        manager = Manager(world)
        first = await manager.trigger(inputs={"z": "1"}, key="k")
        assert await manager.trigger(inputs={"z": "1"}, key="k") == first
        await world.graph(node("a", z="1"))
        assert await manager.trigger(inputs={"z": "1"}, key="k") == first
        await graph_pauses.pause(world.redis, "ns", "g")
        assert await manager.trigger(inputs={"z": "1"}, key="k") == first
        assert await world.redis.zcard(HOME.runs) == 1

    lane.run(scene)


def test_a_run_that_redis_lost_is_made_again_whatever_became_of_the_graph(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        manager = Manager(world)
        await manager.trigger()
        with recorded() as kept:
            run = await manager.trigger()
        (call,) = kept
        await world.redis.delete(HOME.run(run.run_id), *call.keys[2:5:2])
        await graph_pauses.pause(world.redis, "ns", "g")
        assert (await apply(world.redis, call))[0] == b"made"
        assert await version_of(world, run) == b"1"

    lane.run(scene)


def test_what_a_look_found_changed_is_not_made_again(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        manager = Manager(world)
        await manager.trigger()
        await world.graph(node("b"))
        with recorded() as kept:
            run = await manager.trigger()
        assert [(call.args[0], call.args[2]) for call in kept] == [(run.run_id, 2)]

    lane.run(scene)


def test_where_the_user_may_not_have_a_script_look_the_graph_is_read(
    lane: Lane, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Call] = []

    async def unpermitted(redis: Any, call: Call) -> Any:
        if CatalogKeys("ns").graph("g") in call.keys:
            looks.append(call)
            raise ResponseError("The user executing the script can't access at least one of the keys mentioned")
        return await apply(redis, call)

    async def scene(world: World) -> None:
        await world.graph(node("a"))
        manager = Manager(world)
        monkeypatch.setattr(intake, "apply", unpermitted)
        for _ in range(3):
            await manager.trigger()
        # It is not tried again.
        assert (len(looks), len(reads)) == (1, 3)
        assert await world.redis.zcard(HOME.runs) == 3

    lane.run(scene)


def test_a_look_that_finds_another_version_changes_nothing(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        run = await world.trigger()
        (held,) = await world.take("a")
        await world.graph(node("b"))
        before = sorted(await world.redis.keys("*"))
        other = run.replace(run[0], "0" if run[0] != "0" else "1", 1)
        call = moves.trigger(
            HOME, other, held.task, "f" * 28 + "0000", b"{}", {}, 0, HOME.ready("A"), look=True
        )  # fmt: skip
        assert await apply(world.redis, call) == [b"changed", b""]
        assert sorted(await world.redis.keys("*")) == before

    lane.run(scene)
