"""Consumes a shard's report streams: the heart of the engine."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from time import monotonic

from exosphere_core.ending import end
from exosphere_core.errors import CorruptRecord, NotFound
from exosphere_core.keys import STATE_MANAGERS_GROUP, ShardKeys
from exosphere_core.records import Kind, Task
from exosphere_core.store import streams
from exosphere_core.store.calls import apply_all
from exosphere_core.store.connection import BLOCK_MS
from exosphere_core.store.faults import FAULTS, LOST, RedisError, ResponseError, is_inability
from exosphere_core.store.groups import ensure_groups
from exosphere_core.store.streams import Entry
from exosphere_orchestrator.engine.agent import Agent
from exosphere_orchestrator.engine.applier import prepare
from exosphere_orchestrator.engine.canceller import cancel_states
from exosphere_orchestrator.engine.context import EngineContext, logger
from exosphere_orchestrator.engine.dead_letters import put_aside
from exosphere_orchestrator.engine.expander import expand
from exosphere_orchestrator.engine.forwarder import forward
from exosphere_orchestrator.engine.gathering import Dispatch, alone, further, gathered
from exosphere_orchestrator.engine.inputs import UNLIMITED, Limits
from exosphere_orchestrator.engine.joiner import settle
from exosphere_orchestrator.engine.long_work import LongWork, Place
from exosphere_orchestrator.engine.recorder import count_end, note_stale
from exosphere_orchestrator.engine.report_reader import ReportReader
from exosphere_orchestrator.engine.salvage import salvage
from exosphere_orchestrator.engine.steps import NOTHING, Batch, Step

#: The most reports applied at once.
_BATCH = 256

#: A read that brings so many comes from a backlog: then two batches are worked at side by side.
_BACKLOG = 32

#: A report that another state manager has held for half a lease is taken over; six looks fall into that time.
_LOOKS_PER_LEASE = 12

#: So many entries of applied reports are deleted at once when there is no idle moment for it.
_SWEEP = 2048

#: A report whose script Redis refuses this often is put aside.
_MOST_REFUSALS = 5

#: How often a read that waits is asked to end, in s.
_ASK_AGAIN_S = 0.1

#: How long handing back may take, in s.
_HAND_BACK_S = 3.0

NoteDue = Callable[[ShardKeys, str, int], None]


class Consumer(Agent):
    """Takes reports in batches and applies them.

    Wide fan-outs and unites are worked at beside the batches, so that they hold nobody up; their
    reports stay pending until the last step, so that another state manager can go on from there.

    While there is a backlog, a second loop takes batches, too: Redis applies those of the one while those of the other are
    computed. To the records they are like two state managers.
    """

    def __init__(self, context: EngineContext, queue: ShardKeys, note_due: NoteDue) -> None:
        super().__init__(context, f"consumer of {queue.reports}")
        self._queue = queue
        self._streams = (queue.reports, queue.inbox)
        self._note_due = note_due
        block_ms = min(BLOCK_MS, context.lease_ms // _LOOKS_PER_LEASE)
        self._reader = ReportReader(context, self._streams, _BATCH, block_ms)
        # A sweep meanwhile passed by what it held: one more is due.
        self._long_work = LongWork(self._work_failed, lambda stream: self._applied.update([stream]))
        self._second: asyncio.Task[None] | None = None
        self._looked = 0.0
        self._ready = False
        #: Stream → how many of its reports were applied since it was swept.
        self._applied: Counter[str] = Counter()
        self._refusals: Counter[Place] = Counter()

    async def run_once(self) -> None:
        if not self._ready:
            await ensure_groups(self.context.redis, self._streams, STATE_MANAGERS_GROUP)
            self._applied.update(self._streams)
            await self.sweep()
            self._ready = True
        if monotonic() - self._looked > self.context.lease_ms / 1000 / _LOOKS_PER_LEASE:
            self._looked = monotonic()
            await self._look()
        if self._draining:
            return
        entries = await self._reader.read()
        if self._second is None and len(entries) >= _BACKLOG:
            self._second = asyncio.create_task(self._take_more(), name=f"{self.name}, second loop")
        if entries:
            await self.apply(entries)
        if self._second is not None and self._second.done():
            second, self._second = self._second, None
            second.result()
        if self._applied and (not entries or self._applied.total() >= _SWEEP):
            await self.sweep()

    async def _take_more(self) -> None:
        """Take batches for as long as there is a backlog. What goes wrong is the first loop's to recover from."""
        try:
            while not self._draining and (entries := await self._reader.read_at_once()):
                await self.apply(entries)
                if len(entries) < _BACKLOG:
                    return
        except Exception:
            await self._reader.call_off()
            raise

    async def sweep(self) -> None:
        """Delete the entries of applied reports. They are acknowledged: this frees memory, no more."""
        for stream, applied in list(self._applied.items()):
            await streams.sweep(self.context.redis, stream, STATE_MANAGERS_GROUP)
            # Only now: a sweep that a lost connection broke off is due again. What ended meanwhile may have been passed by.
            self._applied -= Counter({stream: applied})

    async def recover(self) -> None:
        """A reply may be lost: go on with new connections, and with what was delivered to us and not seen."""
        if self._second is not None:
            await end(self._second)
            self._second = None
        await self._reader.renew()
        await ensure_groups(self.context.redis, self._streams, STATE_MANAGERS_GROUP)
        for stream in self._streams:
            after = "0"
            while entries := await streams.read_own(
                self.context.redis, STATE_MANAGERS_GROUP, self.context.consumer, stream, after, _BATCH
            ):
                after = entries[-1].id
                await self.apply(entries)

    async def settled(self) -> None:
        """Wait until no wide fan-out or unite is being worked at."""
        await self._long_work.settled()
        await self.sweep()

    async def close(self) -> None:
        second = [self._second] if self._second is not None else []
        try:
            if second and self._draining:
                await asyncio.wait(second)
        finally:
            await end(*second)
            await self._long_work.close()
            await self._reader.close()

    async def stop(self, grace_s: float) -> None:
        """Stop in order: finish the batch, and hand back what takes longer.

        A read that waits is ended by Redis, not cut off: what comes in the moment of a cut would be delivered to us
        when nobody is there any more, and be left until it has been held for half a lease.
        """
        self._draining = True
        until = monotonic() + grace_s
        while self._task is not None and not self._task.done() and monotonic() < until:
            await self._reader.call_off()
            await asyncio.wait([self._task], timeout=_ASK_AGAIN_S)
        await super().stop(grace_s)
        if self._ready:
            await self._hand_back()

    async def _hand_back(self) -> None:
        """Leave nothing pending under our name: others take it at their next look, not only after half a lease."""
        redis, consumer, idle_ms = self.context.redis, self.context.consumer, self.context.lease_ms
        count = 0
        try:
            async with asyncio.timeout(_HAND_BACK_S):
                for stream in self._streams:
                    count += await streams.hand_back(redis, stream, consumer, idle_ms)
        except FAULTS as fault:
            # Without Redis nothing can be handed back: it is taken over when it has been held for too long.
            logger.warning("%s can't hand back what it holds: %s", self.name, fault)
            return
        if count:
            logger.info("%s handed %d reports back unfinished", self.name, count)

    async def _look(self) -> None:
        redis, consumer = self.context.redis, self.context.consumer
        for stream in self._streams:
            await streams.keep(redis, stream, consumer, self._long_work.held(stream))
            taken = await streams.take_over(redis, stream, consumer, self.context.lease_ms // 2, _BATCH)
            if taken:
                await self.apply(taken)
                await self.sweep()

    async def apply(self, entries: Sequence[Entry], limits: Limits | None = None) -> None:
        """Apply a batch of entries. Those that take long go on beside; `settled` waits for them.

        What can't be applied is put aside. What Redis refuses is tried again: then this raises when the others are applied.
        """
        self._applied.update(entry.stream for entry in entries)
        fresh = [entry for entry in entries if not self._long_work.holds(entry)]
        for stream in self._streams:
            gone = [entry.id for entry in fresh if not entry.fields and entry.stream == stream]
            await streams.acknowledge(self.context.redis, stream, STATE_MANAGERS_GROUP, gone)
        whole = [entry for entry in fresh if entry.fields]
        faults: list[Exception] = []
        batch = await self._prepare(whole, limits or self.context.limits, faults) if whole else NOTHING
        for report in batch.apart:
            duty = settle if report.kind is Kind.SETTLED else cancel_states
            self._long_work.begin([report], duty(self.context, report, self._queue.shard))
        for home in {report.home for report in batch.foreign}:
            reports = [report for report in batch.foreign if report.home == home]
            self._long_work.begin(reports, forward(self.context, self._queue, reports))
        for work in batch.steps:
            if work.parts > 1:
                self._long_work.begin([work.report], expand(self.context, work))
        short = [work for work in batch.steps if work.parts == 1]
        due = gathered(short)
        while due:
            began = monotonic()
            replies = await apply_all(self.context.scripts, [each.call for each in due])
            self.context.metrics.note_batch(sum(len(each.steps) for each in due), monotonic() - began)
            left: list[Dispatch] = []
            for each, reply in zip(due, replies, strict=True):
                if not isinstance(reply, ResponseError):
                    for work, tasks, answer in each.answers(reply):
                        if answer[0] == b"applied":
                            self._finish(work, each.call.name, tasks)
                        elif answer[0] == b"other":
                            left.append(further(work))
                        elif answer[0] == b"continued":
                            await self.apply([work.report.entry], UNLIMITED)
                        else:
                            note_stale(self.context, work, answer[1])
                elif each.is_shared:
                    # One of them may be what Redis refuses: that must hold none of the others up.
                    left += map(alone, each.steps)
                elif not await self._given_up(each.steps[0].report.entry, reply):
                    faults.append(reply)
            due = left
        # After the steps: what a malformed report is about has failed before the report is acknowledged.
        for entry, reason in batch.rejected:
            await self._put_aside(entry, reason)
        if faults:
            raise faults[0]

    async def _prepare(self, entries: Sequence[Entry], limits: Limits, faults: list[Exception]) -> Batch:
        """Prepare a batch; what is wrong with one entry is found by halving, so that it holds none of the others up."""
        try:
            return await prepare(self.context, self._queue, entries, limits)
        except LOST:
            raise
        except Exception as fault:
            if len(entries) > 1:
                middle = len(entries) // 2
                first = await self._prepare(entries[:middle], limits, faults)
                return first.then(await self._prepare(entries[middle:], limits, faults))
            if isinstance(fault, (CorruptRecord, NotFound)):
                return await salvage(self.context, self._queue, entries[0], limits, fault.detail)
            if not await self._given_up(entries[0], fault):
                faults.append(fault)
            return NOTHING

    def _finish(self, work: Step, move: str, made: dict[str, Task]) -> None:
        count_end(self.context.figures, work, move)
        self.context.tasks.keep(made)
        if work.report.kind not in (Kind.REQUEUED, Kind.RELEASED):
            self.context.tasks.forget(work.of.state)
        if work.due is not None:
            self._note_due(work.of.home, *work.due)

    async def _given_up(self, entry: Entry, why: Exception) -> bool:
        """Nothing of an entry was applied. It is tried again a few times; then it is put aside, which holds up nobody."""
        if is_inability(why):
            return False
        place = (entry.stream, entry.id)
        self._refusals[place] += 1
        if self._refusals[place] < _MOST_REFUSALS:
            return False
        del self._refusals[place]
        await self._put_aside(entry, str(why) if isinstance(why, RedisError) else f"{type(why).__name__}: {why}")
        return True

    async def _put_aside(self, entry: Entry, reason: str) -> None:
        await put_aside(self.context, self._queue, STATE_MANAGERS_GROUP, entry, reason)

    async def _work_failed(self, entry: Entry, fault: Exception) -> None:
        try:
            if isinstance(fault, CorruptRecord):
                await self._put_aside(entry, fault.detail)
            elif isinstance(fault, LOST) or not await self._given_up(entry, fault):
                # The report is still pending: it comes back when it has been held for too long.
                logger.warning("report %s is tried again later: %s", entry.id, fault)
        except FAULTS as lost:
            logger.warning("report %s is tried again later: %s", entry.id, lost)
