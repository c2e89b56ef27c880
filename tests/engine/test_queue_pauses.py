"""A paused queue gives nothing out, to nobody, and loses nothing; resumed, it goes on where it stood."""

import asyncio

import pytest

from engine.world import HOME, Lane, World, node, one
from exosphere_core.keys import HTTP_TAKER, PAUSED_GROUP, RUNTIMES_GROUP
from exosphere_core.store import catalog, pauses, polled, streams
from exosphere_core.store.connection import connect
from exosphere_core.store.groups import ensure_groups
from exosphere_orchestrator.catalog import queue_pauses
from exosphere_worker.outcome import Released
from reconcile.living import new_reconciler

READY = HOME.ready("A")


async def pause(world: World) -> None:
    await pauses.note_queue_pause(world.redis, "ns", "A")
    await queue_pauses.follow(world.redis, "ns", ["A"], 1)


async def resume(world: World) -> None:
    await pauses.note_queue_resumed(world.redis, "ns", "A")
    await queue_pauses.follow(world.redis, "ns", ["A"], 1)


async def runs(world: World, count: int) -> list[str]:
    return [await world.trigger() for _ in range(count)]


def test_no_state_is_taken_while_paused_and_all_are_afterwards_in_the_order_in_which_they_came(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        before = await runs(world, 2)
        await pause(world)
        during = await runs(world, 2)
        assert await world.take("a") == []
        assert await polled.take(world.redis, [READY], f"{HTTP_TAKER}sm", 10) == []
        await resume(world)
        entries = await streams.read_new(world.redis, RUNTIMES_GROUP, "w", [READY], 10, None)
        tasks = [entry.fields[b"task"].decode() for entry in entries]
        assert len(tasks) == 4
        assert all(run in task for run, task in zip(before + during, tasks, strict=True))
        assert await pauses.read_queue_pauses(world.redis, "ns") == {}
        assert [group["name"] for group in await world.redis.xinfo_groups(READY)] == [RUNTIMES_GROUP.encode()]

    lane.run(scene)


def test_what_runs_when_the_queue_is_paused_goes_on_to_its_end(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a", ["b"]), node("b"))
        await world.trigger()
        held = await world.take_one("a")
        await pause(world)
        assert (await world.state("a")).status == "QUEUED"
        await world.report(held, one())
        await world.do("b", one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_state_that_is_given_back_or_lost_its_lease_waits_too(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        held = await world.take_one("a")
        await pause(world)
        await world.report(held, Released())
        assert (await world.state("a")).status == "CREATED"
        assert await world.take("a") == []
        await resume(world)
        assert (await world.take_one("a")).attempt == "2"

    lane.run(scene)


def test_pausing_and_resuming_twice_changes_nothing_more(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        await pause(world)
        since = await pauses.read_queue_pauses(world.redis, "ns")
        await pause(world)
        assert await pauses.read_queue_pauses(world.redis, "ns") == since
        assert await queue_pauses.follow_noted(world.redis, "ns", 1) == 0
        await resume(world)
        await resume(world)
        await world.do("a", one())
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


def test_the_reconciler_takes_a_state_that_waits_in_a_paused_queue_for_no_lost_one(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await catalog.note_namespace(world.redis, "ns")
        await world.graph(node("a"))
        await world.trigger()
        held = await world.take_one("a")
        await world.trigger()
        await pause(world)
        for _ in range(2):
            assert not (await new_reconciler(world.redis).sweep_all(0, thorough=True)).mended
        await world.report(held, one())
        await resume(world)
        await world.do("a", one())
        await world.check_counts()

    lane.run(scene)


def test_a_state_that_is_lost_from_a_paused_queue_is_made_ready_again_and_still_waits(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await catalog.note_namespace(world.redis, "ns")
        await world.graph(node("a"))
        await world.trigger()
        await pause(world)
        ((entry, _),) = await world.redis.xrange(READY)
        await world.redis.xdel(READY, entry)
        await new_reconciler(world.redis).sweep_all(0, thorough=True)
        assert await world.take("a") == []
        await resume(world)
        assert (await world.take_one("a")).attempt == "2"

    lane.run(scene)


def test_a_group_that_is_made_again_is_paused_as_it_was(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await pause(world)
        await world.trigger()
        await world.redis.xgroup_destroy(READY, RUNTIMES_GROUP)
        await ensure_groups(world.redis, [READY], RUNTIMES_GROUP)
        assert await world.take("a") == []
        await resume(world)
        await world.do("a", one())
        assert (await world.run()).status == "SUCCESS"

    lane.run(scene)


def test_a_stream_that_came_anew_follows_the_pause_that_is_noted(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await pause(world)
        await world.redis.delete(READY)
        await ensure_groups(world.redis, [READY], RUNTIMES_GROUP)
        await world.trigger()
        assert await queue_pauses.follow_noted(world.redis, "ns", 1) == 1
        assert await world.take("a") == []

    lane.run(scene)


@pytest.mark.parametrize("broken_off", ["pause", "resume"])
def test_a_call_that_died_in_the_middle_is_carried_through_by_the_background_jobs(lane: Lane, broken_off: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        if broken_off == "pause":
            await pauses.note_queue_pause(world.redis, "ns", "A")
        else:
            await pause(world)
            await pauses.note_queue_resumed(world.redis, "ns", "A")
        assert await queue_pauses.follow_noted(world.redis, "ns", 1) == 1
        assert len(await world.take("a")) == (0 if broken_off == "pause" else 1)
        assert list(await pauses.read_queue_pauses(world.redis, "ns")) == (["A"] if broken_off == "pause" else [])

    lane.run(scene)


def test_a_pause_and_a_resumption_at_once_end_as_the_one_that_was_noted_last(lane: Lane) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        await world.trigger()
        await asyncio.gather(*(step(world) for step in (pause, resume) * 5))
        paused = await queue_pauses.noted(world.redis, "ns")
        groups = {group["name"] for group in await world.redis.xinfo_groups(READY)}
        assert (PAUSED_GROUP.encode() in groups) == bool(paused)
        assert len(await world.take("a")) == (0 if paused else 1)

    lane.run(scene)


def test_a_runtime_that_waits_is_not_woken_by_a_pause_and_is_served_at_once_by_the_resumption(redis_url: str) -> None:
    async def scene(world: World) -> None:
        await world.graph(node("a"))
        reader = connect(redis_url)
        try:
            await pause(world)
            reading = asyncio.create_task(streams.read_new(reader, RUNTIMES_GROUP, "w", [READY], 10, 30_000))
            await world.trigger()
            async with asyncio.timeout(10):
                while not await _blocks(world):
                    await asyncio.sleep(0.01)
            assert not reading.done()
            await resume(world)
            async with asyncio.timeout(10):
                (entry,) = await reading
            assert entry.fields[b"attempt"] == b"1"
        finally:
            await reader.aclose()

    Lane("redis", redis_url).run(scene)


async def _blocks(world: World) -> bool:
    return any("b" in client["flags"] for client in await world.redis.client_list())
