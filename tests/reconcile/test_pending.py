"""The sweep over pending runs: it looks at runs that stand still, for a bounded time, and goes on where it stopped."""

import asyncio

import pytest

from engine.world import HOME, Lane, World, node, one
from exosphere_core.keys import ShardKeys
from exosphere_core.store.catalog import note_namespace
from reconcile.living import new_reconciler


async def begun(world: World, runs: int) -> list[str]:
    """So many runs of `a`, then `b`; each waits for a runtime."""
    await note_namespace(world.redis, "ns")
    await world.graph(node("a", ["b"]), node("b"))
    return [await world.trigger() for _ in range(runs)]


def test_a_run_that_stands_still_is_mended_by_the_second_sweep(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begun(world, 1)
        await world.redis.delete(HOME.ready("A"))
        reconciler = new_reconciler(world.redis)
        assert (await reconciler.sweep_pending(0)).runs == 0
        journal = await reconciler.sweep_pending(0)
        assert (journal.runs, {kind.name for kind in journal.mended}) == (1, {"RESTORED"})
        assert len(await world.take("a")) == 1

    lane.run(scene)


def test_a_run_that_moves_on_is_not_looked_at(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begun(world, 1)
        reconciler = new_reconciler(world.redis)
        await reconciler.sweep_pending(0)
        await world.do("a", one())
        assert (await reconciler.sweep_pending(0)).runs == 0
        assert (await reconciler.sweep_pending(0)).runs == 1

    lane.run(scene)


def test_a_sweep_without_time_goes_on_where_the_one_before_stopped(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begun(world, 5)
        await world.redis.delete(HOME.ready("A"))
        reconciler = new_reconciler(world.redis)
        looked = [(await reconciler.sweep_pending(0, budget_s=0)).runs for _ in range(9)]
        assert max(looked) == 1
        assert sum(looked) == 5
        assert await world.redis.xlen(HOME.ready("A")) == 5

    lane.run(scene)


def test_a_shard_that_takes_long_does_not_keep_another_from_its_turn(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begun(world, 3)
        other = ShardKeys("zz")
        await note_namespace(world.redis, other.namespace)
        reconciler = new_reconciler(world.redis)
        for _ in range(2):
            await reconciler.sweep_pending(0, budget_s=0)
        assert await world.redis.exists(other.inbox)

    lane.run(scene)


def test_a_run_that_took_long_to_look_at_is_left_alone_for_a_while(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World) -> None:
        await begun(world, 1)
        reconciler = new_reconciler(world.redis)
        standing = "exosphere_orchestrator.reconcile.standing"
        monkeypatch.setattr(f"{standing}._SHORTEST_REST_S", 0.0)
        monkeypatch.setattr(f"{standing}.REST", 1_000_000)
        looked = [(await reconciler.sweep_pending(0)).runs for _ in range(4)]
        assert looked == [0, 1, 0, 0]

    lane.run(scene)


def test_a_sweep_that_takes_longer_than_thought_is_not_joined_by_the_next(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await begun(world, 3)
        reconciler = new_reconciler(world.redis)
        await reconciler.sweep_pending(0)
        journals = await asyncio.gather(reconciler.sweep_pending(0), reconciler.sweep_pending(0))
        assert sorted(journal.runs for journal in journals) == [0, 3]

    lane.run(scene)
