"""Takes ready states of a cluster, where one read can't wait for streams of several shards: one reader a shard."""

import asyncio
from collections.abc import Callable, Sequence

from exosphere_core.ending import end
from exosphere_core.keys import RUNTIMES_GROUP
from exosphere_core.store import streams
from exosphere_core.store.connection import Redis
from exosphere_core.store.slots import by_slot
from exosphere_core.store.streams import Entry
from exosphere_worker.clock import elapsed_s


class ShardReaders:
    """One blocking read for each shard, all at once.

    A reader can't be called back without losing what is delivered to it in that moment, so that each may bring a
    state more when the last slot is taken already: `begin` is told of it at once, and keeps its lease.

    Args:
        begin: takes over a delivery, and is told when its read was sent.
        block_ms: how long a read waits.
    """

    def __init__(
        self, consumer: str, ready: Sequence[str], begin: Callable[[Entry, float], None], block_ms: int
    ) -> None:
        self._consumer = consumer
        self._block_ms = block_ms
        self._shards = by_slot(ready)
        self._streams = len(ready)
        self._begin = begin
        self._reading: dict[int, asyncio.Task[None]] = {}

    async def fetch(self, redis: Redis, free: int) -> None:
        """Wait for the first deliveries of any shard.

        Args:
            free: how many slots are free; the shards share them.

        Raises:
            Whatever a read raised.
        """
        count = max(1, free // self._streams)
        for number in range(len(self._shards)):
            if number not in self._reading:
                self._reading[number] = asyncio.create_task(self._read(redis, number, count))
        done, _ = await asyncio.wait(self._reading.values(), return_when=asyncio.FIRST_COMPLETED)
        self._reading = {number: task for number, task in self._reading.items() if task not in done}
        for task in done:
            task.result()

    async def close(self) -> None:
        """Break the reads off. What is delivered in this moment is found by whoever reads the pending entries."""
        reading, self._reading = self._reading, {}
        await end(*reading.values())

    async def _read(self, redis: Redis, number: int, count: int) -> None:
        read_at = elapsed_s()
        for entry in await streams.read_new(
            redis, RUNTIMES_GROUP, self._consumer, self._shards[number], count, self._block_ms
        ):
            self._begin(entry, read_at)
