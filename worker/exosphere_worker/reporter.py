"""Sends what came of executions, as many at once as are waiting."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import NamedTuple

import msgspec

from exosphere_core.backoff import Backoff
from exosphere_core.errors import ExosphereError, TooLarge
from exosphere_core.keys import ShardKeys
from exosphere_core.store.connection import Redis
from exosphere_core.store.faults import FAULTS, ResponseError, is_out_of_memory, is_refusal
from exosphere_core.store.streams import Entry, send_reports
from exosphere_worker.clock import elapsed_s
from exosphere_worker.held import Held, Holdings
from exosphere_worker.outcome import Lost, Outcome
from exosphere_worker.outgoing import Outgoing, report_of, report_on, report_unreadable
from exosphere_worker.sent_reports import KEPT_S, SentReports
from exosphere_worker.times import ByNode
from exosphere_worker.vitals import Vitals

__all__ = ["Reporter", "Ways", "report_of"]

logger = logging.getLogger("exosphere.runtime")

#: The most reports in one step. A step is one MULTI: other clients wait while Redis works at it.
_BATCH = 256

#: The most bytes of bodies in one step.
_BATCH_BYTES = 4 * 1024 * 1024


#: What can come between us and Redis, and between us and the state manager.
_TROUBLE: tuple[type[Exception], ...] = (*FAULTS, ExosphereError)


#: A report, and the delivery that is held for it; None for what is sent again, or was no delivery.
_Waiting = tuple[Outgoing, Held | None]


class Ways(NamedTuple):
    """Whom a reporter turns to.

    Attributes:
        hand_over: gives reports to the state manager, where Redis refuses them for want of memory.
        on_refused: called when Redis does not know this runtime any more.
        on_doubt: called when a report waits until its lease is confirmed.
    """

    hand_over: Callable[[Sequence[Outgoing]], Awaitable[None]]
    on_refused: Callable[[], None]
    on_doubt: Callable[[], None]


class Reporter:
    """Reports and acknowledges. What is waiting is never lost while the process lives: it is sent until Redis has it.

    What Redis acknowledged is kept for some seconds and sent again after the connection was lost: Redis may have
    come back without it. Reports are fenced by their attempt, so that a repeat changes nothing.

    A report waits while its lease is in doubt: not renewed for as long as it lasts, because this process or its
    machine stood still. The next heartbeat tells.

    Args:
        max_bytes: the largest report that the state managers take.
        consumer: name of this runtime.
        vitals: told how long the states had waited.
    """

    def __init__(
        self,
        redis: Redis,
        holdings: Holdings,
        lease_ms: int,
        ways: Ways,
        max_bytes: int | None = None,
        consumer: str = "",
        vitals: Vitals | None = None,
    ) -> None:
        self._redis = redis
        self._holdings = holdings
        self._lease_s = lease_ms / 1000
        self._ways = ways
        self._max_bytes = max_bytes
        self._consumer = consumer
        self._nodes = ByNode() if vitals is None else vitals.nodes
        #: How far the clock of Redis is ahead of the monotonic one, in s; None until it told its time.
        self._ahead_s: float | None = None
        self._waiting: list[_Waiting] = []
        self._sending: list[_Waiting] = []
        self._kept = SentReports()
        #: How often the connection was lost, and which of these losses what was sent lately was sent again after.
        self._losses = self._recovered = 0
        self._wake = asyncio.Event()
        self._sent = asyncio.Event()
        self._sent.set()
        self._resent = asyncio.Event()
        self._resent.set()

    def use(self, redis: Redis) -> None:
        """Report over another client from now on."""
        self._redis = redis

    def report(self, held: Held, outcome: Outcome) -> None:
        """Take over the outcome of a delivery."""
        if held.lost or isinstance(outcome, Lost):
            self._holdings.remove(held)
            return
        held.ended = True
        self._put(report_on(held, outcome, self._max_bytes, self._consumer), held)

    def report_unreadable(self, queue: ShardKeys, node: str, entry: Entry, reason: str) -> None:
        """Report that an entry of a ready stream is no delivery."""
        self._put(report_unreadable(queue, node, entry, reason))

    def report_again(self, held: Held) -> bool:
        """Report a delivery that was reported before, if that is known still: Redis lost the report, and its node is not executed again."""
        kept = self._kept.find(held.state, held.attempt)
        if kept is None:
            return False
        self._put(msgspec.structs.replace(kept, entry=held.entry))
        return True

    def connection_lost(self) -> None:
        """Redis may have forgotten what it acknowledged: what was sent lately is sent again, before anything else."""
        self._losses += 1
        self._resent.clear()
        self._wake.set()

    def connection_held(self) -> None:
        """Redis answered: what was sent some time ago is not asked for any more."""
        if self._losses == self._recovered:
            self._kept.forget_before(monotonic() - KEPT_S)

    def leases_confirmed(self) -> None:
        """A heartbeat was answered: what waited for it may go."""
        if self._waiting:
            self._wake.set()

    def lease_lost(self, held: Held) -> None:
        """The lease of a delivery that ended was lost: its report is dropped if it waited for the answer to that.

        Any other is in Redis, or on its way there, where its attempt number tells whether it counts.
        """
        if held.in_doubt(self._lease_s):
            logger.warning(
                "the lease of state %s was lost: its report is dropped", held.state, extra=held.about().extra
            )
            held.lost = True
            self._wake.set()

    async def resent(self) -> None:
        """Wait until what was sent lately is sent again, if the connection was lost."""
        await self._resent.wait()

    async def drained(self) -> None:
        """Wait until everything taken over is in Redis."""
        await self._sent.wait()

    async def run(self) -> None:
        """Run until cancelled."""
        backoff = Backoff()
        while True:
            await self._wake.wait()
            try:
                if self._losses != self._recovered:
                    await self._send_again()
                self._sending = self._take()
                too_large = await self._send([report for report, _ in self._sending])
            except _TROUBLE as fault:
                logger.warning("reports can't be sent, tries again: %s", fault)
                self._waiting[:0] = self._sending
                self._sending = []
                if not isinstance(fault, ExosphereError) and not is_out_of_memory(fault):
                    self.connection_lost()
                if is_refusal(fault):
                    self._ways.on_refused()
                await backoff.wait()
                continue
            self._settle(too_large)
            if too_large:
                await backoff.wait()
            else:
                backoff.reset()

    def _settle(self, too_large: Sequence[Outgoing]) -> None:
        """What was being sent is in Redis, but for what is too large to be handed over: that waits for memory."""
        nothing_to_send = not self._sending
        if too_large:
            self._waiting += [each for each in self._sending if each[0] in too_large]
            self._sending = [each for each in self._sending if each[0] not in too_large]
        self._kept.add([report for report, _ in self._sending], monotonic())
        ahead_s = self._ahead_s
        for _, held in self._sending:
            if held is not None:
                self._holdings.remove(held)
                if ahead_s is not None and held.began_at is not None:
                    # Both by the clock of Redis: that of this machine may be another.
                    waited_s = held.began_at + ahead_s - int(held.entry.partition("-")[0]) * 0.001
                    self._nodes[held.task.node].waited.note(waited_s if waited_s > 0.0 else 0.0)
        self._sending = []
        if not self._waiting:
            self._sent.set()
        if self._losses != self._recovered:
            return
        if not self._waiting:
            self._wake.clear()
        elif nothing_to_send:
            self._wake.clear()
            self._ways.on_doubt()

    def _put(self, report: Outgoing, held: Held | None = None) -> None:
        self._waiting.append((report, held))
        self._sent.clear()
        self._wake.set()

    def _take(self) -> list[_Waiting]:
        """Take the next batch off what is waiting: neither what was lost nor what is in doubt."""
        batch: list[_Waiting] = []
        in_doubt: list[_Waiting] = []
        size = seen = 0
        oldest = elapsed_s() - self._lease_s
        for each in self._waiting:
            report, held = each
            if held is not None and held.lost:
                self._holdings.remove(held)
            elif held is not None and held.renewed_at < oldest:
                in_doubt.append(each)
            elif batch and (len(batch) == _BATCH or size + report.size > _BATCH_BYTES):
                break
            else:
                batch.append(each)
                size += report.size
            seen += 1
        self._waiting[:seen] = in_doubt
        return batch

    async def _send_again(self) -> None:
        losses = self._losses
        # Another connection was lost, so this one may be dead, too, and not know it yet.
        await self._redis.connection_pool.disconnect()
        kept = self._kept.all()
        for start in range(0, len(kept), _BATCH):
            await self._send(kept[start : start + _BATCH])
        if kept:
            logger.info("sent %d reports of the last seconds again: Redis may have lost them", len(kept))
        # What was sent again may be lost again.
        self._kept.add(kept, monotonic())
        self._recovered = losses
        if self._losses == losses:
            self._resent.set()

    async def _send(self, batch: Sequence[Outgoing]) -> list[Outgoing]:
        """Send reports; return those that are too large for the way that is left when Redis' memory is full."""
        if not batch:
            return []
        places: dict[tuple[ShardKeys, str], list[str]] = {}
        for each in batch:
            places.setdefault((each.queue, each.node), []).append(each.entry)
        done = {queue.ready(node): entries for (queue, node), entries in places.items()}
        try:
            at_ms = await send_reports(self._redis, [(each.queue.reports, each.words) for each in batch], done)
        except ResponseError as refused:
            if not is_out_of_memory(refused):
                raise
            return await self._hand_over(batch)
        self._ahead_s = at_ms / 1000 - monotonic()
        return []

    async def _hand_over(self, batch: Sequence[Outgoing]) -> list[Outgoing]:
        try:
            await self._ways.hand_over(batch)
        except TooLarge as refused:
            if len(batch) == 1:
                logger.warning("the report of state %s waits until Redis has memory: %s", batch[0].state, refused)
                return list(batch)
            middle = len(batch) // 2
            return await self._hand_over(batch[:middle]) + await self._hand_over(batch[middle:])
        logger.info("Redis' memory is full: the state manager took %d reports over", len(batch))
        return []
