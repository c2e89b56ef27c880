"""Runs in which something was wrong are looked at again soon: each unite on the way of what was lost needs a look of its own."""

import asyncio
from typing import Any

import pytest

from engine.world import HOME, Lane, World, node, one
from exosphere_core.ending import end
from exosphere_core.keys import ShardKeys
from exosphere_core.store import survey
from exosphere_core.store.catalog import note_namespace
from exosphere_orchestrator.reconcile.desk import Desk
from exosphere_orchestrator.reconcile.followed import Followed
from exosphere_orchestrator.reconcile.mend import Journal, Kind
from exosphere_orchestrator.reconcile.reconciler import Reconciler
from reconcile.living import new_reconciler


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exosphere_orchestrator.reconcile.reconciler.STEP_S", 0.02)
    monkeypatch.setattr("exosphere_orchestrator.reconcile.followed._SHORTEST_REST_S", 0.02)


async def until_ready(world: World, identifier: str) -> None:
    async with asyncio.timeout(30):
        while not await world.redis.xlen(HOME.ready(identifier.upper())):
            await world.drain()
            await asyncio.sleep(0.01)


def test_a_lost_run_of_many_unites_goes_on_to_its_end_without_another_sweep(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await note_namespace(world.redis, "ns")
        names = "abcde"
        await world.graph(
            *(
                node(name, [after] if after else [], **({"unites": before} if before else {}))
                for before, name, after in zip(("", *names), names, (*names[1:], ""), strict=False)
            )
        )
        await world.trigger()
        root = (await world.state("a")).id
        # As after a crash that took the queue, and what had been done: the state is made ready again, and marked.
        await world.redis.delete(HOME.ready("A"))
        reconciler = new_reconciler(world.redis)
        assert (await reconciler.sweep_all(0)).mended
        assert await world.redis.hget(HOME.state(root), "restored")
        following = asyncio.create_task(reconciler.follow(60))
        for name in names:
            await until_ready(world, name)
            await world.do(name, one(v=name))
        # It ends by itself when nothing is left to follow.
        journal = await asyncio.wait_for(following, 30)
        assert (await world.run()).status == "SUCCESS"
        assert journal.mended[Kind.UNITE] == 4
        await world.check_counts()

    lane.run(scene)


def test_runs_in_which_nothing_was_wrong_are_not_followed(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await note_namespace(world.redis, "ns")
        await world.graph(node("a"))
        await world.trigger()
        reconciler = new_reconciler(world.redis)
        for _ in range(3):
            await reconciler.sweep_pending(0)
        journal = await asyncio.wait_for(reconciler.follow(60), 30)
        assert (journal.runs, journal.total) == (0, 0)

    lane.run(scene)


def test_a_run_that_is_well_again_is_forgotten_after_a_while(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exosphere_orchestrator.reconcile.followed._FOLLOWED_S", 0.2)

    async def scene(world: World) -> None:
        await note_namespace(world.redis, "ns")
        await world.graph(node("a"))
        await world.trigger()
        await world.redis.delete(HOME.ready("A"))
        reconciler = new_reconciler(world.redis)
        assert (await reconciler.sweep_all(0)).mended
        # It waits for its node, which may take days; following it ends long before the time that is given.
        await asyncio.wait_for(reconciler.follow(3600), 30)
        assert len(await world.take("a")) == 1

    lane.run(scene)


def test_a_run_that_is_added_while_others_are_read_is_followed(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    followed = Followed()
    read = survey.read_runs

    async def read_slowly(*args: Any) -> Any:
        found = await read(*args)
        followed.add(["from another sweep"])
        return found

    async def scene(world: World) -> None:
        followed.add(["one that has ended"])
        monkeypatch.setattr(survey, "read_runs", read_slowly)
        desk = Desk(world.redis, world.context.plans, world.context.reruns, Journal(), HOME)
        await followed.step(desk)
        assert followed
        monkeypatch.setattr(survey, "read_runs", read)
        await followed.step(desk)
        assert not followed

    lane.run(scene)


def test_a_shard_that_is_away_keeps_no_other_from_being_followed(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = Reconciler._begin

    async def away_for_some(self: Reconciler, desk: Desk) -> None:
        if desk.home.namespace == "away":
            raise ConnectionError("the shard is away")
        await begin(self, desk)

    async def scene(world: World) -> None:
        await note_namespace(world.redis, "ns")
        await world.graph(node("a"))
        await world.trigger()
        await world.redis.delete(HOME.ready("A"))
        reconciler = new_reconciler(world.redis)
        away = Followed()
        away.add(["its run"])
        reconciler._followed[ShardKeys("away")] = away
        assert (await reconciler.sweep_all(0)).mended
        await world.redis.delete(HOME.ready("A"))
        monkeypatch.setattr(Reconciler, "_begin", away_for_some)
        monkeypatch.setattr("exosphere_orchestrator.reconcile.reconciler.is_cluster", lambda _: True)
        following = asyncio.create_task(reconciler.follow(60))
        await until_ready(world, "a")
        await end(following)

    lane.run(scene)
