"""The places in which a runtime executes states: so many at a time, whichever shard they come from."""

import asyncio

from exosphere_worker.vitals import Vitals


class Slots:
    """Counts what is taken.

    On a cluster a few more states may be delivered than there are slots, as each shard is read for itself; these wait for a
    place, and their leases are kept.

    Args:
        count: how many states run at a time.
        vitals: kept up to date for the health endpoint.
    """

    def __init__(self, count: int, vitals: Vitals) -> None:
        self._count = count
        self._vitals = vitals
        self._taken = vitals.running = 0
        vitals.slots = count
        self._freed = asyncio.Event()
        #: Held by whoever runs now.
        self.places = asyncio.Semaphore(count)

    async def free(self) -> int:
        """Wait for a free slot and return how many there are."""
        while self._taken >= self._count:
            self._freed.clear()
            await self._freed.wait()
        return self._count - self._taken

    def take(self) -> None:
        """A delivery was taken over."""
        self._taken += 1
        self._vitals.running = self._taken

    def give(self) -> None:
        """It has ended, or waits for what may take long."""
        self._taken -= 1
        self._vitals.running = self._taken
        self._freed.set()
