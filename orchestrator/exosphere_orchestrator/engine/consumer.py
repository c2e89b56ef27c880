"""Consumes a shard's report stream: the heart of the engine."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from time import monotonic
from typing import Any

from exosphere_core.ending import end
from exosphere_core.keys import STATE_MANAGERS_GROUP, ShardKeys
from exosphere_core.records import Kind
from exosphere_core.store import moves, streams
from exosphere_core.store.calls import apply, apply_all
from exosphere_core.store.connection import BLOCK_MS, connect_untimed
from exosphere_core.store.faults import ResponseError, is_inability
from exosphere_core.store.streams import Entry
from exosphere_orchestrator.engine.agent import Agent
from exosphere_orchestrator.engine.applier import Made, Step, prepare
from exosphere_orchestrator.engine.canceller import cancel_states
from exosphere_orchestrator.engine.context import EngineContext, logger
from exosphere_orchestrator.engine.inputs import UNLIMITED, Limits
from exosphere_orchestrator.engine.joiner import settle
from exosphere_orchestrator.engine.reports import Report

#: The most reports applied at once.
_BATCH = 256

#: A report that another state manager has held for half a lease is taken over; six looks fall into that time.
_LOOKS_PER_LEASE = 12

#: So many entries of applied reports are deleted at once when there is no idle moment for it.
_SWEEP = 2048

#: A report whose script Redis refuses this often is put aside.
_MOST_REFUSALS = 5

#: The most wide fan-outs and unites that are worked at side by side.
_LONG_WORK = 8

NoteDue = Callable[[ShardKeys, str, int], None]


class Consumer(Agent):
    """Takes reports in batches and applies them.

    Wide fan-outs and unites are worked at beside the batches, so that they hold nobody up; their
    reports stay pending until the last step, so that another state manager can go on from there.
    """

    def __init__(self, context: EngineContext, queue: ShardKeys, note_due: NoteDue) -> None:
        super().__init__(context, f"consumer of {queue.reports}")
        self._queue = queue
        self._note_due = note_due
        self._redis = connect_untimed(context.url, max_connections=2)
        self._at_work: dict[str, asyncio.Task[None]] = {}
        self._long_work = asyncio.Semaphore(_LONG_WORK)
        self._looked = 0.0
        self._ready = False
        self._applied = 0
        self._block_ms = min(BLOCK_MS, context.lease_ms // _LOOKS_PER_LEASE)
        self._refusals: Counter[str] = Counter()

    async def run_once(self) -> None:
        if not self._ready:
            await streams.ensure_groups(self.context.redis, [self._queue.reports], STATE_MANAGERS_GROUP)
            await self.sweep()
            self._ready = True
        if monotonic() - self._looked > self.context.lease_ms / 1000 / _LOOKS_PER_LEASE:
            self._looked = monotonic()
            await self._look()
        entries = await streams.read_new(
            self._redis, STATE_MANAGERS_GROUP, self.context.consumer, [self._queue.reports], _BATCH, self._block_ms
        )
        if entries:
            await self.apply(entries)
        if self._applied >= _SWEEP or (self._applied and not entries):
            await self.sweep()

    async def sweep(self) -> None:
        """Delete the entries of applied reports. They are acknowledged: this frees memory, no more."""
        self._applied = 0
        await streams.sweep(self.context.redis, self._queue.reports, STATE_MANAGERS_GROUP)

    async def recover(self) -> None:
        """A reply may be lost: go on with new connections, and with what was delivered to us and not seen."""
        await self._redis.connection_pool.disconnect()
        await streams.ensure_groups(self.context.redis, [self._queue.reports], STATE_MANAGERS_GROUP)
        after = "0"
        while entries := await streams.read_own(
            self.context.redis, STATE_MANAGERS_GROUP, self.context.consumer, self._queue.reports, after, _BATCH
        ):
            after = entries[-1].id
            await self.apply(entries)

    async def settled(self) -> None:
        """Wait until no wide fan-out or unite is being worked at."""
        while self._at_work:
            await asyncio.gather(*self._at_work.values())
        await self.sweep()

    async def close(self) -> None:
        await end(*self._at_work.values())
        await self._redis.aclose()

    async def _look(self) -> None:
        redis, consumer = self.context.redis, self.context.consumer
        await streams.keep(redis, self._queue.reports, consumer, list(self._at_work))
        taken = await streams.take_over(redis, self._queue.reports, consumer, self.context.lease_ms // 2, _BATCH)
        if taken:
            await self.apply(taken)
            await self.sweep()

    async def apply(self, entries: Sequence[Entry], limits: Limits | None = None) -> None:
        """Apply a batch of entries. Those that take long go on beside; `settled` waits for them."""
        self._applied += len(entries)
        fresh = [entry for entry in entries if entry.id not in self._at_work]
        gone = [entry.id for entry in fresh if not entry.fields]
        await streams.acknowledge(self.context.redis, self._queue.reports, STATE_MANAGERS_GROUP, gone)
        whole = [entry for entry in fresh if entry.fields]
        batch = await prepare(self.context, self._queue, whole, limits or self.context.limits)
        for report in batch.apart:
            duty = settle if report.kind is Kind.SETTLED else cancel_states
            self._work(report, duty(self.context, report, self._queue.shard))
        for work in batch.steps:
            if work.parts > 1:
                self._work(work.report, self._expand(work))
        short = [work for work in batch.steps if work.parts == 1]
        made = [next(work.calls) for work in short]
        replies = await apply_all(self.context.scripts, [*(each.call for each in made), *batch.rejected])
        refused: ResponseError | None = None
        for work, each, reply in zip(short, made, replies, strict=False):
            if isinstance(reply, ResponseError):
                refused = reply
                await self._refused(work.report, reply)
            elif reply[0] == b"continued":
                await self.apply([work.report.entry], UNLIMITED)
            else:
                self._finish(work, each, reply)
        if refused is not None:
            raise refused

    def _finish(self, work: Step, made: Made, reply: Any) -> None:
        if reply[0] != b"applied":
            self._stale(work.report, reply[1])
            return
        self.context.tasks.keep(made.tasks)
        if work.report.kind not in (Kind.REQUEUED, Kind.RELEASED):
            self.context.tasks.forget(work.of.state)
        if work.due is not None:
            self._note_due(work.of.home, *work.due)

    async def _refused(self, report: Report, why: ResponseError) -> None:
        """Redis refused the script, and nothing was applied. Tried again a few times; then it must not hold up others."""
        if is_inability(why):
            return
        self._refusals[report.entry.id] += 1
        if self._refusals[report.entry.id] < _MOST_REFUSALS:
            return
        del self._refusals[report.entry.id]
        self.context.counts["rejected"] += 1
        logger.error("report %s of %s was put aside: %s", report.entry.id, report.entry.stream, why)
        await apply_all(
            self.context.scripts, [moves.reject(self._queue, report.entry.id, str(why), report.entry.fields)]
        )

    def _stale(self, report: Report, found: bytes) -> None:
        self.context.counts["stale"] += 1
        logger.info(
            "report %s (%s) of state %s attempt %s changed nothing: it reads %s",
            report.entry.id, report.kind, report.state, report.attempt, found.decode() or "nothing",
        )  # fmt: skip

    async def _expand(self, work: Step) -> None:
        for made in work.calls:
            reply = await apply(self.context.scripts, made.call)
            if reply[0] != b"applied":
                self._stale(work.report, reply[1])
                return
            self.context.tasks.keep(made.tasks)
        self.context.tasks.forget(work.of.state)

    def _work(self, report: Report, duty: Coroutine[Any, Any, None]) -> None:
        async def bounded() -> None:
            try:
                async with self._long_work:
                    await duty
            except Exception as fault:
                # The report is still pending: it comes back when it has been held for too long.
                logger.warning("report %s is tried again later: %s", report.entry.id, fault)
            finally:
                self._at_work.pop(report.entry.id, None)

        self._at_work[report.entry.id] = asyncio.create_task(bounded())
