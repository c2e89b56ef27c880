"""From a delivery to its outcome: everything that a runtime executes at the moment."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from exosphere_core.keys import ShardKeys
from exosphere_core.logs import ATTEMPT
from exosphere_core.store.streams import Entry
from exosphere_worker.attempt import attempt
from exosphere_worker.executor import NodeRunner
from exosphere_worker.held import Held, Holdings, NoDelivery, read_own_delivery
from exosphere_worker.manager import Manager
from exosphere_worker.outcome import Failed, Lost, Outcome, Released, name_of
from exosphere_worker.reporter import Reporter
from exosphere_worker.slots import Slots
from exosphere_worker.vitals import Vitals

logger = logging.getLogger("exosphere.runtime")

#: When a delivery was read whose lease may be of any age.
LONG_AGO: Final = float("-inf")

#: A delivery in doubt keeps its slot for this part of a lease: as long as a heartbeat may take to be answered.
_SLOT_KEPT = 3


class Executions:
    """Begins what was delivered, and hands on what comes of it.

    A delivery whose lease may be lost already is held, and begins once a heartbeat has confirmed it: this process or
    its machine may have stood still after the read was sent, while the delivery was given to another runtime. While no
    heartbeat is answered, as the shard is away, its slot is lent to what other shards deliver.

    Args:
        queues: ready stream → its shard and node.
        slots: those of the whole runtime.
        vitals: told what was taken and what came of it.
        lease_s: how long a delivery is ours without being renewed.
        on_doubt: called when a delivery waits until its lease is confirmed.
    """

    def __init__(
        self,
        manager: Manager,
        runners: Mapping[str, NodeRunner],
        queues: Mapping[str, tuple[ShardKeys, str]],
        holdings: Holdings,
        reporter: Reporter,
        slots: Slots,
        vitals: Vitals,
        lease_s: float,
        on_doubt: Callable[[], None],
    ) -> None:
        self._manager = manager
        self._runners = runners
        self._queues = queues
        self._holdings = holdings
        self._reporter = reporter
        self._slots = slots
        self._vitals = vitals
        self._lease_s = lease_s
        self._on_doubt = on_doubt
        self._confirmed = asyncio.Event()

    def begin(self, entry: Entry, read_at: float) -> None:
        """Take over a delivery, unless it is held or was reported already.

        Args:
            read_at: when its read was sent, on `clock.elapsed_s`: the lease began then or later.
        """
        held = self.read(entry, read_at)
        if held is None or self._reporter.report_again(held) or not self._holdings.add(held):
            return
        self._slots.take()
        self._vitals.taken += 1
        name = f"node {held.task.node} (state {held.state})"
        # Of the loop itself: by way of `asyncio.create_task` it takes a fifth longer.
        held.running = asyncio.get_running_loop().create_task(self._execute(held), name=name)

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
        # Of this task alone, which is begun for this delivery.
        ATTEMPT.set(held)
        try:
            outcome = await self._attempt(held)
        except asyncio.CancelledError:
            outcome = Lost() if held.lost else Released()
        except Exception as bug:
            logger.exception("state %s could not be executed", held.state)
            outcome = Failed(f"the runtime failed: {type(bug).__name__}: {bug}")
        self._slots.give()
        counted = self._vitals.nodes[held.task.node]
        counted.outcomes[name_of(Lost() if held.lost else outcome)] += 1
        if held.ran_s is not None:
            counted.ran.note(held.ran_s)
        self._reporter.report(held, outcome)

    async def _attempt(self, held: Held) -> Outcome:
        while True:
            while held.in_doubt(self._lease_s):
                await self._confirmation()
            # Not `async with`, which makes two coroutines more for each state.
            await self._slots.places.acquire()
            try:
                # The wait for a place may have been a long one.
                if not held.in_doubt(self._lease_s):
                    return await attempt(self._manager, self._runners[held.task.node], held)
            finally:
                self._slots.places.release()

    async def _confirmation(self) -> None:
        """Wait for the answer to a heartbeat."""
        self._confirmed.clear()
        self._on_doubt()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._lease_s / _SLOT_KEPT):
                await self._confirmed.wait()
                return
        self._slots.give()
        try:
            await self._confirmed.wait()
        finally:
            self._slots.take()

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
            # A report that is on its way already counts all the same.
            self._vitals.lost_leases += held.lost
            return
        held.lost = True
        self._vitals.lost_leases += 1
        logger.warning(
            "the lease of state %s was lost: its node is cancelled and nothing is reported", held.state,
            extra=held.about().extra,
        )  # fmt: skip
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
