"""From a delivery to its outcome: everything that a runtime executes at the moment."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

from exosphere_core.keys import ShardKeys
from exosphere_core.store.streams import Entry
from exosphere_worker.attempt import attempt
from exosphere_worker.executor import NodeRunner
from exosphere_worker.held import Held, Holdings, NoDelivery, read_own_delivery
from exosphere_worker.manager import Manager
from exosphere_worker.outcome import Failed, Lost, Outcome, Released
from exosphere_worker.reporter import Reporter
from exosphere_worker.vitals import Vitals

logger = logging.getLogger("exosphere.runtime")

#: When a delivery was read whose lease may be of any age.
LONG_AGO: Final = float("-inf")


class Executions:
    """Begins what was delivered, and hands on what comes of it.

    A delivery whose lease may be lost already is held, and begins once a heartbeat has confirmed it: this process or
    its machine may have stood still after the read was sent, while the delivery was given to another runtime.

    Args:
        queues: ready stream → its shard and node.
        slots: how many states run at a time.
        lease_s: how long a delivery is ours without being renewed.
        vitals: kept up to date for the health endpoint.
        on_doubt: called when a delivery waits until its lease is confirmed.
    """

    def __init__(
        self,
        manager: Manager,
        runners: Mapping[str, NodeRunner],
        queues: Mapping[str, tuple[ShardKeys, str]],
        holdings: Holdings,
        reporter: Reporter,
        slots: int,
        lease_s: float,
        vitals: Vitals,
        on_doubt: Callable[[], None],
    ) -> None:
        self._manager = manager
        self._runners = runners
        self._queues = queues
        self._holdings = holdings
        self._reporter = reporter
        self._slots = slots
        self._lease_s = lease_s
        self._vitals = vitals
        self._on_doubt = on_doubt
        self._freed = asyncio.Event()
        self._confirmed = asyncio.Event()
        # On a cluster a few more states may be delivered than there are slots; they wait here, and their leases are kept.
        self._places = asyncio.Semaphore(slots)
        self._running = vitals.running = 0

    async def free(self) -> int:
        """Wait for a free slot and return how many there are."""
        while self._running >= self._slots:
            self._freed.clear()
            await self._freed.wait()
        return self._slots - self._running

    def begin(self, entry: Entry, read_at: float) -> None:
        """Take over a delivery, unless it is held or was reported already.

        Args:
            read_at: when its read was sent, on `clock.elapsed_s`: the lease began then or later.
        """
        held = self.read(entry, read_at)
        if held is None or self._reporter.report_again(held) or not self._holdings.add(held):
            return
        self._running += 1
        self._vitals.running = self._running
        name = f"node {held.task.node} (state {held.state})"
        held.running = asyncio.create_task(self._execute(held), name=name)

    def read(self, entry: Entry, read_at: float) -> Held | None:
        """Read a delivery. One that is none for this runtime is reported as such: it would be pending for ever."""
        if not entry.fields:
            return None  # deleted meanwhile: its run was ended or its lease lost
        queue, node = self._queues[entry.stream]
        try:
            return read_own_delivery(entry, queue, node, read_at)
        except NoDelivery as bad:
            logger.error("entry %s of %s is no delivery for this runtime: %s", entry.id, entry.stream, bad)
            self._reporter.report_unreadable(queue, node, entry, str(bad))
            return None

    async def _execute(self, held: Held) -> None:
        outcome: Outcome
        try:
            async with self._places:
                while held.in_doubt(self._lease_s):
                    await self._confirmation()
                outcome = await attempt(self._manager, self._runners[held.task.node], held)
        except asyncio.CancelledError:
            outcome = Lost() if held.lost else Released()
        except Exception as bug:
            logger.exception("state %s could not be executed", held.state)
            outcome = Failed(f"the runtime failed: {type(bug).__name__}: {bug}")
        self._running -= 1
        self._vitals.running = self._running
        self._freed.set()
        self._reporter.report(held, outcome)

    async def _confirmation(self) -> None:
        """Wait for the answer to a heartbeat."""
        self._confirmed.clear()
        self._on_doubt()
        await self._confirmed.wait()

    def leases_confirmed(self) -> None:
        """A heartbeat was answered: what waited for it may begin."""
        self._confirmed.set()

    def lease_lost(self, stream: str, entry: str) -> None:
        """Another runtime has the delivery, or will have it."""
        held = self._holdings.get(stream, entry)
        if held is None or held.lost:
            return
        if held.ended:
            self._reporter.lease_lost(held)
            return
        held.lost = True
        logger.warning("the lease of state %s was lost: its node is cancelled and nothing is reported", held.state)
        if held.running is not None:
            held.running.cancel()

    async def finish(self, grace_s: float) -> None:
        """Let what is running end, for as long as that."""
        if running := self._under_way():
            logger.info("stopping: %d running states may take %g s to end", len(running), grace_s)
            await asyncio.wait(running, timeout=grace_s)

    async def break_off(self, within_s: float) -> None:
        """Cancel what is running; it is reported as given back."""
        left = self._under_way()
        for task in left:
            task.cancel()
        if left:
            logger.info("stopping: %d states are given back unfinished", len(left))
            await asyncio.wait(left, timeout=within_s)

    def _under_way(self) -> list["asyncio.Task[None]"]:
        return [held.running for held in self._holdings.all() if held.running and not held.running.done()]
