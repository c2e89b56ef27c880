"""Removing ended runs after their time, and consumers of processes that are gone."""

import asyncio
import inspect
from typing import Any

import pytest

from background.desk import CATALOG, HOME, Desk, Lane
from exosphere_core.keys import NAMESPACES, RUNTIMES_GROUP, STATE_MANAGERS_GROUP, CatalogKeys, ShardKeys
from exosphere_core.store import catalog, pauses, streams
from exosphere_core.store import upkeep as store
from exosphere_core.store.groups import ensure_groups
from exosphere_orchestrator.background import upkeep
from exosphere_orchestrator.background.upkeep import follow_pauses, forget_consumers, remove_expired_runs

LONG_AGO = 1


async def started(desk: Desk, count: int) -> list[str]:
    return [(await desk.jobs.runs.trigger("ns", "g", {}, {"k": "v"}, 0)).run_id for _ in range(count)]


async def ended(desk: Desk, run: str, at: int, unites: int = 0) -> None:
    """The run ended at a moment, with some unites armed on its way."""
    await desk.redis.hset(HOME.run(run), "status", "SUCCESS")
    await desk.redis.zadd(HOME.ended, {run: at})
    for number in range(unites):
        unite = f"{run}-unite-{number}"
        await desk.redis.rpush(HOME.unites(run), unite)
        await desk.redis.hset(HOME.unite(unite), "plan", "{}")
        await desk.redis.zadd(HOME.members(unite), {"a//s": 0})


async def keys(desk: Desk) -> set[str]:
    """All keys but the streams, which retention leaves alone."""
    found = {key.decode() for key in await desk.redis.keys("*")}
    return found - {HOME.reports, HOME.ready("A"), HOME.ready("B")}


def test_an_ended_run_goes_with_all_its_keys_and_pending_ones_stay(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph()
        (pending,) = await started(desk, 1)
        before = await keys(desk)
        old, fresh = await started(desk, 2)
        await ended(desk, fresh, await catalog.now_ms(desk.redis))
        with_fresh = await keys(desk) - {key for key in await keys(desk) if old in key}
        await ended(desk, old, LONG_AGO, unites=3)
        (root,) = [raw.decode() for raw in await desk.redis.lrange(HOME.states(old), 0, -1)]
        assert await remove_expired_runs(desk.jobs) == 1
        left = await keys(desk)
        assert left == with_fresh - {HOME.state(root)}
        assert before <= left
        assert {run.id for run in await desk.runs()} == {pending, fresh}
        assert [raw.decode() for raw in await desk.redis.zrange(HOME.ended, 0, -1)] == [fresh]
        assert await remove_expired_runs(desk.jobs) == 0

    lane.run(scene)


def test_every_key_that_a_run_may_have_goes_with_it(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        run = "0" * 32
        made = set()
        for name, method in inspect.getmembers(ShardKeys, inspect.isfunction):
            if "run_id" not in inspect.signature(method).parameters:
                continue
            key = getattr(HOME, name)(run)
            kind = (inspect.getdoc(method) or "").split()[0]
            made.add(key)
            if kind == "HASH":
                await desk.redis.hset(key, "field", "value")
            elif kind == "LIST":
                await desk.redis.rpush(key, "item")
            elif kind == "SET":
                await desk.redis.sadd(key, "item")
            elif kind == "STREAM":
                await desk.redis.xadd(key, {"field": "value"})
            else:
                raise AssertionError(f"{name}: how is a {kind} made?")
        assert {HOME.run(run), HOME.store(run), HOME.once(run), HOME.retries(run), HOME.reruns(run)} <= made
        await desk.redis.zadd(HOME.ended, {run: LONG_AGO})
        await store.delete_run(desk.redis, HOME, run)
        assert await desk.redis.exists(*made) == 0

    lane.run(scene)


def test_a_run_that_an_idempotency_key_made_anew_is_left_alone_by_a_sweep_that_is_late(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph()

        async def keyed() -> str:
            return (await desk.jobs.runs.trigger("ns", "g", {}, {}, 0, key="k")).run_id

        run = await keyed()
        await ended(desk, run, LONG_AGO)
        assert await remove_expired_runs(desk.jobs) == 1
        assert await keyed() == run
        anew = await keys(desk)
        await store.delete_run(desk.redis, HOME, run)
        assert await keys(desk) == anew

    lane.run(scene)


@pytest.mark.parametrize("reads", [1, 2])
def test_a_run_that_is_made_anew_between_two_steps_of_its_removal_is_left_alone(
    lane: Lane, monkeypatch: pytest.MonkeyPatch, reads: int
) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph()

        async def keyed() -> str:
            return (await desk.jobs.runs.trigger("ns", "g", {}, {}, 0, key="k")).run_id

        run = await keyed()
        await ended(desk, run, LONG_AGO, unites=1)
        page = store._page
        count = 0
        anew: set[str] = set()

        async def overtaken(redis: Any, list_key: str) -> list[str]:
            nonlocal count, anew
            found = await page(redis, list_key)
            count += 1
            if count == reads:
                monkeypatch.setattr(store, "_page", page)
                await store.delete_run(desk.redis, HOME, run)
                assert await keyed() == run
                anew = await keys(desk)
            return found

        monkeypatch.setattr(store, "_page", overtaken)
        await store.delete_run(desk.redis, HOME, run)
        assert anew
        assert await keys(desk) == anew

    lane.run(scene)


def test_a_sweep_goes_on_until_no_expired_run_is_left(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph()
        for run in await started(desk, 7):
            await ended(desk, run, LONG_AGO)
        monkeypatch.setattr(upkeep, "_BATCH", 3)
        assert await remove_expired_runs(desk.jobs) == 7
        assert await desk.runs() == []

    lane.run(scene)


def test_a_sweep_is_bounded_and_the_next_one_goes_on_with_the_oldest(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph()
        runs = await started(desk, 7)
        for age, run in enumerate(runs):
            await ended(desk, run, LONG_AGO + age)
        monkeypatch.setattr(upkeep, "_BATCH", 2)
        monkeypatch.setattr(upkeep, "_LOOKS", 2)
        assert await remove_expired_runs(desk.jobs) == 4
        assert {run.id for run in await desk.runs()} == set(runs[4:])
        assert await remove_expired_runs(desk.jobs) == 3

    lane.run(scene)


def test_a_run_of_many_states_goes_in_bounded_steps(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph()
        (run,) = await started(desk, 1)
        before = await keys(desk)
        for number in range(25):
            await desk.redis.rpush(HOME.states(run), f"s{number}")
            await desk.redis.hset(HOME.state(f"s{number}"), "status", "SUCCESS")
        await ended(desk, run, LONG_AGO, unites=25)
        monkeypatch.setattr(store, "_STEP", 4)
        assert await remove_expired_runs(desk.jobs) == 1
        assert not {key for key in await keys(desk) if run in key or ":state:" in key or ":unite:" in key}
        assert len(await keys(desk)) < len(before)

    lane.run(scene)


def test_a_sweep_that_died_in_the_middle_is_gone_on_with(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph()
        (run,) = await started(desk, 1)
        for number in range(10):
            await desk.redis.rpush(HOME.states(run), f"s{number}")
            await desk.redis.hset(HOME.state(f"s{number}"), "status", "SUCCESS")
        await ended(desk, run, LONG_AGO, unites=2)
        monkeypatch.setattr(store, "_STEP", 4)
        asked = 0

        async def dies(*command: Any) -> Any:
            nonlocal asked
            asked += 1
            if asked == 3:
                raise ConnectionError("the process is gone")
            return await ask(*command)

        ask = store.ask
        with monkeypatch.context() as crash:
            crash.setattr(store, "ask", dies)
            with pytest.raises(ConnectionError):
                await remove_expired_runs(desk.jobs)
        assert 0 < await desk.redis.llen(HOME.states(run)) < 11
        assert await remove_expired_runs(desk.jobs) == 1
        assert not {key for key in await keys(desk) if run in key or ":state:" in key or ":unite:" in key}
        assert await desk.runs() == []

    lane.run(scene)


async def consumers(desk: Desk, stream: str, group: str) -> set[str]:
    return {found["name"].decode() for found in await desk.redis.xinfo_consumers(stream, group)}


async def silent_for(desk: Desk, stream: str, group: str, ms: int) -> None:
    """Wait until every consumer has been silent for this long."""
    async with asyncio.timeout(20):
        while any(found["idle"] <= ms for found in await desk.redis.xinfo_consumers(stream, group)):
            await asyncio.sleep(0.001)


def test_a_silent_consumer_is_forgotten_unless_it_holds_something(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph()
        await ensure_groups(desk.redis, [HOME.reports], STATE_MANAGERS_GROUP)
        ready = HOME.ready("A")
        await started(desk, 2)
        await streams.read_new(desk.redis, RUNTIMES_GROUP, "holds", [ready], 1, None)
        for done in await streams.read_new(desk.redis, RUNTIMES_GROUP, "idle", [ready], 1, None):
            await streams.acknowledge(desk.redis, ready, RUNTIMES_GROUP, [done.id])
        await desk.redis.xadd(HOME.reports, {"a": "b"})
        for done in await streams.read_new(desk.redis, STATE_MANAGERS_GROUP, "sm", [HOME.reports], 1, None):
            await streams.acknowledge(desk.redis, HOME.reports, STATE_MANAGERS_GROUP, [done.id])
        assert await forget_consumers(desk.jobs) == 0, "all were heard of within the hour"
        monkeypatch.setattr(upkeep, "_SILENT_MS", 5)
        await silent_for(desk, ready, RUNTIMES_GROUP, 5)
        await silent_for(desk, HOME.reports, STATE_MANAGERS_GROUP, 5)
        assert await forget_consumers(desk.jobs) == 2
        assert await consumers(desk, ready, RUNTIMES_GROUP) == {"holds"}
        assert await consumers(desk, HOME.reports, STATE_MANAGERS_GROUP) == set()
        assert (await desk.redis.xpending(ready, RUNTIMES_GROUP))["pending"] == 1

    lane.run(scene)


def test_a_node_whose_queue_does_not_exist_stops_nothing(lane: Lane) -> None:
    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.redis.delete(HOME.ready("A"))
        assert await forget_consumers(desk.jobs) == 0
        assert await desk.redis.exists(CATALOG.nodes)

    lane.run(scene)


def test_a_namespace_whose_shard_is_away_keeps_no_other_from_following_its_pauses(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow = pauses.follow

    async def away_for_some(redis: Any, home: ShardKeys, nodes: Any, paused: Any) -> int:
        if home.namespace == "away":
            raise ConnectionError("the shard is away")
        return await follow(redis, home, nodes, paused)

    async def scene(desk: Desk) -> None:
        await desk.redis.sadd(NAMESPACES, "away", "broken", "ns")
        await desk.redis.set(CatalogKeys("broken").paused_queues, "no hash")
        for namespace in ("away", "ns"):
            stream = ShardKeys(namespace).ready("A")
            await ensure_groups(desk.redis, [stream], RUNTIMES_GROUP)
            await pauses.note_queue_pause(desk.redis, namespace, "A")
        monkeypatch.setattr(pauses, "follow", away_for_some)
        assert await follow_pauses(desk.jobs) == 1
        await desk.redis.xadd(HOME.ready("A"), {"state": "s"})
        assert await streams.read_new(desk.redis, RUNTIMES_GROUP, "w", [HOME.ready("A")], 1, None) == []

    lane.run(scene)
