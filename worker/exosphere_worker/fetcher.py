"""Takes ready states: as many as there are free slots, blocking while there are none."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from exosphere_core.keys import RUNTIMES_GROUP
from exosphere_core.store import streams
from exosphere_core.store.connection import BLOCK_MS, Redis
from exosphere_core.store.streams import Entry
from exosphere_worker.clock import elapsed_s
from exosphere_worker.spin import Spin

#: So many deliveries are begun in one turn of the event loop.
_TURN: Final = 32


class Fetcher:
    """Reads the ready streams of a runtime's nodes: all of them, or on a cluster those of one shard.

    `COUNT` of a read holds for each stream, so a read of many streams may bring more than there are free
    slots. With fewer slots than streams it therefore probes some streams at a time, beginning with another
    each time so that none starves, and blocks on all only when all were empty.

    Args:
        begin: takes over each delivery, and is told when its read was sent, on `clock.elapsed_s`.
        block_ms: how long a read waits for the first delivery.
        spin: told of each wait for deliveries.
        share: how many streams the free slots are for, where others are read at the same time: each may then bring a few
            states more when the last slot is taken already.
    """

    def __init__(
        self,
        consumer: str,
        ready: Sequence[str],
        batch_size: int,
        begin: Callable[[Entry, float], None],
        block_ms: int = BLOCK_MS,
        share: int = 0,
        spin: Spin | None = None,
    ) -> None:
        self._begin = begin
        self._block_ms = block_ms
        self._consumer = consumer
        self._ready = list(ready)
        self._share = max(share, len(ready))
        self._batch_size = batch_size
        self._spin = spin or Spin(0, lambda: True)
        self._turn = 0
        #: When a stream noted last that this consumer is there, on `clock.elapsed_s`.
        self._heard_at = float("-inf")

    async def fetch(self, redis: Redis, free: int) -> None:
        """Begin up to `free` new deliveries (few more in a race); wait a while for the first.

        Raises:
            Whatever a read raised.
        """
        if elapsed_s() - self._heard_at >= self._block_ms / 1000:
            self._heard_at = elapsed_s()
            await streams.be_heard(redis, RUNTIMES_GROUP, self._consumer, self._ready)
        free = min(free, self._batch_size)
        if free >= len(self._ready):
            await self._read(redis, self._ready, max(1, free // self._share), self._block_ms)
            return
        for _ in range(0, len(self._ready), free):
            some = [self._ready[(self._turn + place) % len(self._ready)] for place in range(free)]
            self._turn = (self._turn + free) % len(self._ready)
            if await self._read(redis, some, 1, None):
                return
        await self._read(redis, self._ready, 1, self._block_ms)

    async def recover(self, redis: Redis) -> list[Entry]:
        """Return all that was delivered to this runtime and not acknowledged: a reply may have been lost."""
        found: list[Entry] = []
        for stream in self._ready:
            after = "0"
            while page := await streams.read_own(redis, RUNTIMES_GROUP, self._consumer, stream, after, 100):
                found += page
                after = page[-1].id
        return found

    async def _read(self, redis: Redis, ready: Sequence[str], count: int, block_ms: int | None) -> int:
        read_at = elapsed_s()
        self._spin.begin()
        try:
            entries = await streams.read_new(redis, RUNTIMES_GROUP, self._consumer, ready, count, block_ms)
        finally:
            self._spin.end()
        for number, entry in enumerate(entries, 1):
            self._begin(entry, read_at)
            if number % _TURN == 0 or number == len(entries):
                # What has begun goes first: nodes that take no time end before more is begun, or asked for.
                await asyncio.sleep(0)
        if 0 < len(entries) < _TURN:
            # In the next turn they are reported. Who goes on from there is another process, which hears of it before Redis
            # is asked for more; where there is a backlog it has enough to do.
            await asyncio.sleep(0)
        if entries:
            self._heard_at = read_at
        return len(entries)
