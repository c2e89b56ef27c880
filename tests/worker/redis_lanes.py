"""A Redis for worker tests: fakeredis, or a real server, emptied."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import fakeredis
from redis.asyncio import Redis

from exosphere_core.ids import new_run_id
from exosphere_core.keys import RUNTIMES_GROUP, ShardKeys
from exosphere_core.records import ReadyField, Task, encode
from exosphere_core.store import streams
from exosphere_core.store.groups import ensure_groups
from exosphere_core.store.streams import Entry
from exosphere_worker.held import Held, read_delivery

HOME = ShardKeys("ns")


def run_on(url: str | None, scene: Callable[[Redis], Coroutine[Any, Any, None]]) -> None:
    """Play a scene with a client of an empty Redis: a real one at `url`, else a fake one."""

    async def play() -> None:
        redis = fakeredis.FakeAsyncRedis() if url is None else Redis.from_url(url)
        await redis.flushall()
        try:
            await scene(redis)
        finally:
            await redis.aclose()

    asyncio.run(play())


async def queue(redis: Redis, *nodes: str) -> list[str]:
    """Make the ready streams of some nodes and return their keys."""
    ready = [HOME.ready(node) for node in nodes]
    await ensure_groups(redis, ready, RUNTIMES_GROUP)
    return ready


async def deliverable(redis: Redis, node: str, count: int = 1) -> None:
    """Put states of a node on its ready stream."""
    for _ in range(count):
        run = new_run_id(0)
        task = Task(run=run, home="ns", graph="g", version=1, identifier="a", node=node, namespace="ns")
        await redis.xadd(
            HOME.ready(node),
            {
                ReadyField.STATE: run.replace("-", ""), ReadyField.ATTEMPT: "1",
                ReadyField.TASK: encode(task), ReadyField.INPUTS: b"{}",
            },
        )  # fmt: skip


async def taken(redis: Redis, node: str, count: int, consumer: str = "me") -> list[Held]:
    """Make states of a node and take them."""
    (ready,) = await queue(redis, node)
    await deliverable(redis, node, count)
    entries: list[Entry] = await streams.read_new(redis, RUNTIMES_GROUP, consumer, [ready], count, None)
    assert len(entries) == count
    return [read_delivery(entry) for entry in entries]
