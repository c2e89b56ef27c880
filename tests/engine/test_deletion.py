"""Deleting graphs while runs of them are pending, are being started, or are to be reopened."""

import asyncio
from typing import Any

import pytest

from engine.world import HOME, Lane, World, failed, node, one
from exosphere_core.errors import Conflict, NotFound
from exosphere_core.graph.plan import GraphPlan
from exosphere_core.keys import CatalogKeys
from exosphere_core.store import deletions
from exosphere_core.store.deletions import Deletion
from exosphere_orchestrator.catalog import deletion
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.runs import RunStarter

CATALOG = CatalogKeys("ns")


async def chain(world: World) -> None:
    await world.graph(node("a", ["b"]), node("b", x="${{ a.outputs.v }}"))


async def delete(world: World, *, force: bool = False) -> deletion.Deleted:
    return await deletion.delete(world.redis, "ns", "g", 1, force=force)


async def left_of_the_graph(world: World) -> set[str]:
    """The keys that a graph has in the catalog, but for its count of versions."""
    found = {key.decode() for key in await world.redis.keys("exo:{ns}:*")}
    return found - {CATALOG.graph("g")}


def test_a_graph_with_pending_runs_is_not_deleted_and_goes_on(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await chain(world)
        await world.trigger()
        await world.trigger()
        with pytest.raises(Conflict, match="graph 'g' has 2 pending runs: wait for the end, cancel, or delete it with"):
            await delete(world)
        await world.trigger()
        assert len(await world.take("a")) == 3

    lane.run(scene)


def test_a_graph_without_pending_runs_is_gone_with_all_its_versions(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await chain(world)
        await chain(world)
        await world.trigger()
        await world.do("a", one(v="1"))
        await world.do("b", one(v="2"))
        assert await delete(world) == (0, 0)
        assert await left_of_the_graph(world) == set()
        with pytest.raises(NotFound, match="has no graph 'g'"):
            await world.trigger()
        with pytest.raises(NotFound, match="has no graph 'g'"):
            await delete(world)
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_deletion_by_force_cancels_pending_runs_and_removes_the_rest_when_they_have_ended(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "_LOOKS", 0)

    async def scene(world: World) -> None:
        await chain(world)
        await world.trigger()
        held = await world.take_one("a")
        assert await delete(world, force=True) == (1, 1)
        # The state manager that cancels comes later: until then the version is needed.
        assert await deletion.finish(world.redis, "ns", 1) == 0
        assert CATALOG.version("g", 1) in await left_of_the_graph(world)
        await world.drain()
        assert (await world.run()).status == "CANCELLED"
        assert await deletion.finish(world.redis, "ns", 1) == 1
        assert await left_of_the_graph(world) == set()
        # One that remembers nothing of the version finds the late report and changes nothing.
        await world.send(held, one(v="1"))
        await world.drain(world.another_state_manager())
        assert await world.statuses() == {"a": ["CANCELLED"]}
        await world.check_counts()

    lane.run(scene)


def test_the_answer_waits_for_the_runs_that_are_being_cancelled(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await chain(world)
        for _ in range(3):
            await world.trigger()
        deleting = asyncio.create_task(delete(world, force=True))
        async with asyncio.timeout(30):
            while not deleting.done():
                await world.drain()
                await asyncio.sleep(0)
        assert await deleting == (3, 0)
        assert await left_of_the_graph(world) == set()

    lane.run(scene)


class SlowPlans(GraphPlans):
    """Gives a compiled version when it is told to: the caller stands still between reading the graph and its run."""

    def __init__(self, redis: Any) -> None:
        super().__init__(redis)
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()

    async def get(self, namespace: str, graph: str, version: int) -> GraphPlan:
        plan = await super().get(namespace, graph, version)
        self.asked.set()
        await self.go_on.wait()
        return plan


@pytest.mark.parametrize("again", [False, True], ids=["deleted", "made again since"])
def test_a_trigger_that_read_the_graph_before_its_deletion_makes_no_run_after_it(lane: Lane, again: bool) -> None:
    async def scene(world: World) -> None:
        await chain(world)
        plans = SlowPlans(world.redis)
        starter = RunStarter(world.redis, plans, world.context.limits, 1, lambda *_: None)
        triggering = asyncio.create_task(starter.trigger("ns", "g", {}, {}, 0))
        await plans.asked.wait()
        assert await delete(world) == (0, 0)
        if again:
            await world.graph(node("a", ["c"]), node("c"))
        plans.go_on.set()
        with pytest.raises(NotFound, match="namespace 'ns' has no graph 'g'"):
            await triggering
        assert await world.redis.zcard(HOME.runs) == 0
        assert await world.redis.exists(HOME.active("g"), HOME.due) == 0
        assert await world.take("a") == []

    lane.run(scene)


def test_a_repeat_of_a_trigger_that_was_accepted_before_the_deletion_is_answered_with_its_run(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await chain(world)
        plans = SlowPlans(world.redis)
        starter = RunStarter(world.redis, plans, world.context.limits, 1, lambda *_: None)
        run = await world.trigger()
        repeating = asyncio.create_task(starter.trigger("ns", "g", {}, {}, 0, run))
        await plans.asked.wait()
        await world.cancel()
        await delete(world)
        plans.go_on.set()
        assert (await repeating).run_id == run

    lane.run(scene)


def test_a_run_that_is_accepted_while_its_graph_is_being_deleted_ends_by_its_version(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = deletions.delete_graph

    async def scene(world: World) -> None:
        async def mark_late(*arguments: Any) -> bool:
            await world.trigger()
            return await mark(*arguments)

        monkeypatch.setattr(deletions, "delete_graph", mark_late)
        await chain(world)
        assert await delete(world) == (0, 1)
        assert await deletion.finish(world.redis, "ns", 1) == 0
        with pytest.raises(NotFound):
            await world.trigger()
        await world.do("a", one(v="1"))
        await world.do("b", one(v="2"))
        assert (await world.run()).status == "SUCCESS"
        assert await deletion.finish(world.redis, "ns", 1) == 1
        assert await left_of_the_graph(world) == set()

    lane.run(scene)


@pytest.mark.parametrize("cancels", [True, False])
def test_what_a_caller_that_died_left_undone_is_gone_on_with(lane: Lane, cancels: bool) -> None:
    async def scene(world: World) -> None:
        await chain(world)
        await world.trigger()
        # It died right after the graph was marked: no shard knows of it.
        assert await deletions.delete_graph(world.redis, "ns", Deletion("g", 2, cancels), 0)
        assert await deletion.finish(world.redis, "ns", 1) == 0
        await world.drain()
        assert (await world.run()).status == ("CANCELLED" if cancels else "PENDING")
        if not cancels:
            await world.do("a", one(v="1"))
            await world.do("b", one(v="2"))
        assert await deletion.finish(world.redis, "ns", 1) == 1
        assert await deletion.finish(world.redis, "ns", 1) == 0
        assert await left_of_the_graph(world) == set()
        assert await world.redis.hget(HOME.deleted, "g") == b"2"

    lane.run(scene)


def test_a_number_of_a_version_is_never_used_again(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World) -> None:
        await chain(world)
        old = await world.trigger()
        held = await world.take_one("a")
        monkeypatch.setattr(deletion, "_LOOKS", 0)
        await delete(world, force=True)
        await world.graph(node("a", ["c"]), node("c"))
        new = await world.trigger()
        assert (await world.run()).version > 2
        # The old deletion is finished without touching what is new.
        assert await deletion.finish(world.redis, "ns", 1) == 0
        await world.drain()
        assert await deletion.finish(world.redis, "ns", 1) == 1
        await world.report(held, one(v="1"))
        await world.do("a", one(v="2"))
        assert await world.statuses() == {"a": ["SUCCESS"], "c": ["CREATED"]}
        assert (await world.run()).id == new
        world.run_id = old
        assert await world.statuses() == {"a": ["CANCELLED"]}

    lane.run(scene)


def test_a_graph_may_be_deleted_and_made_again_and_again(lane: Lane) -> None:
    async def scene(world: World) -> None:
        versions = []
        for _ in range(3):
            await chain(world)
            await world.trigger()
            versions.append((await world.run()).version)
            await world.do("a", one(v="1"))
            await world.do("b", one(v="2"))
            assert await delete(world) == (0, 0)
        assert versions == sorted(set(versions))
        assert await left_of_the_graph(world) == set()

    lane.run(scene)


def test_a_deletion_that_an_upsert_overtakes_takes_the_new_version_too(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = deletions.delete_graph
    tries = []

    async def scene(world: World) -> None:
        async def mark_late(*arguments: Any) -> bool:
            if not tries:
                await chain(world)
            tries.append(arguments)
            return await mark(*arguments)

        monkeypatch.setattr(deletions, "delete_graph", mark_late)
        await chain(world)
        assert await delete(world) == (0, 0)
        assert len(tries) == 2
        assert await left_of_the_graph(world) == set()

    lane.run(scene)


@pytest.mark.parametrize("memory", ["knows the version", "knows nothing"])
def test_what_failed_in_a_run_of_a_deleted_graph_can_not_be_retried_or_run_again(lane: Lane, memory: str) -> None:
    async def scene(world: World) -> None:
        await chain(world)
        run = await world.trigger()
        held = await world.do("a", failed(retryable=False))
        await delete(world)
        if memory == "knows nothing":
            world.context.plans = GraphPlans(world.redis)
        reason = "graph 'g' was deleted"
        with pytest.raises(Conflict, match=f"state {held.state} can't be retried: {reason}"):
            await world.retry_by_hand(held.state)
        with pytest.raises(Conflict, match=reason):
            await world.retry_failed()
        with pytest.raises(Conflict, match=f"run {run} can't run again: {reason}"):
            await world.rerun(run)
        assert await world.statuses() == {"a": ["ERRORED"]}
        assert (await world.run()).status == "FAILED"
        assert await world.redis.zcard(HOME.runs) == 1

    lane.run(scene)
