"""The fetcher: never more than fits, nobody starves, nothing that was delivered is forgotten."""

import asyncio

import pytest
from redis.asyncio import Redis

from exosphere_core.keys import RUNTIMES_GROUP, ShardKeys
from exosphere_core.store import streams
from exosphere_core.store.connection import connect_untimed, servers
from exosphere_core.store.groups import ensure_groups
from exosphere_core.store.streams import Entry
from exosphere_worker.fetcher import Fetcher
from worker.redis_lanes import HOME, deliverable, queue, run_on

NODES = ["A", "B", "C", "D", "E"]


@pytest.mark.parametrize("free", [5, 7, 13, 64])
def test_it_never_takes_more_than_there_are_free_slots(lane_url: str | None, free: int) -> None:
    async def scene(redis: Redis) -> None:
        ready = await queue(redis, *NODES)
        for node in NODES:
            await deliverable(redis, node, 10)
        fetcher = Fetcher("me", ready, batch_size=16)
        left = 50
        while left:
            entries = await fetcher.fetch(redis, free)
            assert 0 < len(entries) <= min(free, 16)
            left -= len(entries)

    run_on(lane_url, scene)


@pytest.mark.parametrize("free", [1, 2, 3, 4])
def test_with_fewer_slots_than_queues_none_starves_behind_a_full_one(lane_url: str | None, free: int) -> None:
    async def scene(redis: Redis) -> None:
        ready = await queue(redis, *NODES)
        for node in NODES[:-1]:
            await deliverable(redis, node, 100)
        await deliverable(redis, NODES[-1])
        fetcher = Fetcher("me", ready, batch_size=16)
        seen: list[str] = []
        for _ in range(len(NODES)):
            entries = await fetcher.fetch(redis, free)
            assert 0 < len(entries) <= free
            seen += [entry.stream for entry in entries]
        assert set(seen) == set(ready)

    run_on(lane_url, scene)


def test_with_one_slot_a_lonely_state_in_the_last_queue_is_found(lane_url: str | None) -> None:
    async def scene(redis: Redis) -> None:
        ready = await queue(redis, *NODES)
        await deliverable(redis, NODES[-1])
        (entry,) = await Fetcher("me", ready, batch_size=16).fetch(redis, 1)
        assert entry.stream == ready[-1]

    run_on(lane_url, scene)


@pytest.mark.parametrize("free", [1, 16])
def test_an_idle_fetch_wakes_with_the_first_state_that_comes(redis_url: str, free: int) -> None:
    async def scene(redis: Redis) -> None:
        ready = await queue(redis, *NODES)
        fetching = asyncio.create_task(Fetcher("me", ready, batch_size=16).fetch(redis, free))
        async with asyncio.timeout(20):
            while (await redis.info("clients"))["blocked_clients"] == 0:
                await asyncio.sleep(0)
            await deliverable(redis, "C")
            (entry,) = await fetching
        assert entry.stream == HOME.ready("C")

    run_on(redis_url, scene)


def test_recover_gives_what_was_delivered_and_not_acknowledged(lane_url: str | None) -> None:
    async def scene(redis: Redis) -> None:
        ready = await queue(redis, "A", "B")
        await deliverable(redis, "A", 250)
        await deliverable(redis, "B", 3)
        mine = await streams.read_new(redis, RUNTIMES_GROUP, "me", ready, 240, None)
        await streams.read_new(redis, RUNTIMES_GROUP, "another", ready, 100, None)
        done = mine[5]
        await streams.acknowledge(redis, done.stream, RUNTIMES_GROUP, [done.id])
        found = await Fetcher("me", ready, batch_size=16).recover(redis)
        assert [entry for entry in mine if entry.id != done.id] == found

    run_on(lane_url, scene)


def test_on_a_cluster_every_shard_is_listened_to_at_once_and_each_delivery_is_handed_on_as_it_comes(
    cluster_url: str,
) -> None:
    async def scene() -> None:
        redis = connect_untimed(cluster_url)
        await redis.flushall()
        shards = [ShardKeys("ns", shard) for shard in range(4)]
        ready = [home.ready(name) for home in shards for name in ("A", "B")]
        await ensure_groups(redis, ready, RUNTIMES_GROUP)
        begun: list[Entry] = []
        fetcher = Fetcher("me", ready, batch_size=16, begin=begun.append)
        fetching = asyncio.create_task(fetcher.fetch(redis, 16))
        async with asyncio.timeout(20):
            for node in await servers(redis):
                while (await node.info("clients"))["blocked_clients"] < len(shards):
                    await asyncio.sleep(0)
            await redis.xadd(shards[3].ready("B"), {"task": "1"})
            assert await fetching == []
            # Nobody fetches now, as when every slot is taken; the other readers are still there.
            await redis.xadd(shards[1].ready("A"), {"task": "2"})
            while len(begun) < 2:
                await asyncio.sleep(0)
        assert [entry.stream for entry in begun] == [shards[3].ready("B"), shards[1].ready("A")]
        assert sorted(entry.stream for entry in await fetcher.recover(redis)) == sorted(entry.stream for entry in begun)
        await fetcher.close()
        await redis.aclose()

    asyncio.run(scene())
