"""What is left of deleted graphs, and their schedules."""

import asyncio
from typing import Any

import pytest

from background.desk import CATALOG, HOME, Desk, Lane
from exosphere_core.store import catalog, deletions
from exosphere_core.store.deletions import Deletion
from exosphere_orchestrator.background.cron import fire_due_schedules
from exosphere_orchestrator.background.upkeep import finish_deletions
from exosphere_orchestrator.catalog import deletion, graphs

YEARLY = "0 0 1 1 *"


async def end(desk: Desk, run: str) -> None:
    """A run has ended, as its last script leaves it."""
    await desk.redis.hset(HOME.run(run), "status", "SUCCESS")
    await desk.redis.srem(HOME.active("g"), run)


def test_the_sweep_finishes_a_deletion_when_the_last_run_has_ended(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph(YEARLY)
        runs = [(await desk.jobs.runs.trigger("ns", "g", {}, {}, 0)).run_id for _ in range(2)]
        # Whoever deleted it died right after the graph was marked.
        assert await deletions.delete_graph(desk.redis, "ns", Deletion("g", 2, cancels=False), 1)
        for run in runs:
            assert await finish_deletions(desk.jobs) == 0
            assert await desk.redis.exists(CATALOG.version("g", 1))
            await end(desk, run)
        assert sum(await asyncio.gather(*(finish_deletions(desk.another()) for _ in range(3)))) >= 1
        assert await finish_deletions(desk.jobs) == 0
        assert await desk.redis.exists(CATALOG.version("g", 1), CATALOG.deletions) == 0

    lane.run(scene)


def test_the_sweep_cancels_what_a_forced_deletion_left_pending(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph()
        run = (await desk.jobs.runs.trigger("ns", "g", {}, {}, 0)).run_id
        assert await deletions.delete_graph(desk.redis, "ns", Deletion("g", 2, cancels=True), 0)
        assert await finish_deletions(desk.jobs) == 0
        assert await desk.redis.hexists(HOME.run(run), "cancelled_at")

    lane.run(scene)


def test_a_schedule_of_a_deleted_graph_never_fires_again(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph(YEARLY, YEARLY)
        desk.moment = max((await desk.schedules()).values())
        await deletion.delete(desk.redis, "ns", "g", 1, force=False)
        assert await fire_due_schedules(desk.jobs) == 0
        assert (await desk.runs(), await desk.firings(), await desk.schedules()) == ([], [], {})
        left = {key.decode() for key in await desk.redis.keys("exo:{ns}:*")}
        assert left == {CATALOG.nodes, CATALOG.graph("g")}

    lane.run(scene)


def test_a_firing_that_was_claimed_before_the_deletion_makes_no_run_and_leaves_no_trace(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph(YEARLY)
        desk.moment = (await desk.schedules())["g/0"]
        trigger = desk.jobs.runs.trigger

        async def trigger_late(*arguments: Any) -> Any:
            await deletion.delete(desk.redis, "ns", "g", 1, force=False)
            return await trigger(*arguments)

        monkeypatch.setattr(desk.jobs.runs, "trigger", trigger_late)
        await fire_due_schedules(desk.jobs)
        assert (await desk.runs(), await desk.firings()) == ([], [])
        left = {key.decode() for key in await desk.redis.keys("exo:{ns}:*")}
        assert left == {CATALOG.nodes, CATALOG.graph("g")}

    lane.run(scene)


@pytest.mark.parametrize("changed", [False, True], ids=["as it was", "changed"])
def test_an_upsert_that_a_deletion_overtakes_makes_the_graph_anew_with_all_its_schedules(
    lane: Lane, monkeypatch: pytest.MonkeyPatch, changed: bool
) -> None:
    read, tries = catalog.read_version, []

    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph(YEARLY)

        async def read_and_wait(*arguments: Any) -> Any:
            found = await read(*arguments)
            if not tries:
                tries.append(arguments)
                await deletion.delete(desk.redis, "ns", "g", 1, force=False)
            return found

        monkeypatch.setattr(catalog, "read_version", read_and_wait)
        extra = {"store_config": {"required_keys": ["k"]}} if changed else {}
        version = await desk.graph(YEARLY, **extra)
        assert tries
        assert version > 2
        assert (await graphs.get(desk.redis, "ns", "g")).head.deleted_version == 2
        assert list(await desk.schedules()) == ["g/0"]

    lane.run(scene)


def test_a_graph_that_is_deleted_while_it_is_validated_again_stops_no_registration(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = catalog.read_unready

    async def scene(desk: Desk) -> None:
        await desk.graph()

        async def read_and_wait(*arguments: Any) -> list[str]:
            found = await read(*arguments)
            await deletion.delete(desk.redis, "ns", "g", 1, force=False)
            return found

        monkeypatch.setattr(catalog, "read_unready", read_and_wait)
        await desk.register()
        await graphs.judge_again(desk.redis, "ns")
        assert await catalog.read_head(desk.redis, "ns", "g") is None
        assert await read(desk.redis, "ns") == []

    lane.run(scene)


def test_finishing_an_earlier_deletion_does_not_lift_a_later_one(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        for number in (9, 3):
            await deletions.bar_graph(desk.redis, [HOME], Deletion("g", number, cancels=False))
        assert await desk.redis.hgetall(HOME.deleted) == {b"g": b"9"}

    lane.run(scene)


def test_versions_beyond_one_step_are_all_removed(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph()
        for version in range(2, 1102):
            await desk.redis.copy(CATALOG.version("g", 1), CATALOG.version("g", version))
        await desk.redis.hset(CATALOG.graph("g"), "version", "1101")
        assert await deletion.delete(desk.redis, "ns", "g", 1, force=False) == (0, 0)
        assert await desk.redis.keys("exo:{ns}:graph:g:*") == []

    lane.run(scene)
