"""Sends what came of executions, as many at once as are waiting."""

import asyncio
import logging
from collections.abc import Callable

from exosphere_core import records
from exosphere_core.backoff import Backoff
from exosphere_core.keys import shard_keys
from exosphere_core.records import Body, Kind, ReportField, encode, shard_of_ours
from exosphere_core.store.connection import Redis
from exosphere_core.store.faults import FAULTS, is_refusal
from exosphere_core.store.streams import send_reports
from exosphere_worker.held import Held, Holdings
from exosphere_worker.outcome import Failed, Lost, Outcome, Pruned, Requeued, Succeeded

logger = logging.getLogger("exosphere.runtime")

#: The most reports in one step. A step is one MULTI: other clients wait while Redis works at it.
_BATCH = 256

#: The most bytes of bodies in one step.
_BATCH_BYTES = 4 * 1024 * 1024


def report_of(outcome: Outcome, max_bytes: int | None = None) -> tuple[Kind, bytes]:
    """Spell an outcome as kind and body of a report.

    Args:
        max_bytes: what is larger is a failure: Redis and the state managers are to be spared of it.
    """
    kind, body = _spelled(outcome)
    if max_bytes is not None and len(body) > max_bytes:
        what = "data of the prune signal is" if kind is Kind.PRUNED else "outputs and store writes are"
        error = f"the {what} {len(body)} bytes of JSON; the limit is {max_bytes} (EXOSPHERE_MAX_REPORT_BYTES of the state manager)"
        return Kind.FAILED, encode(records.Failed(error, retryable=False))
    return kind, body


def _spelled(outcome: Outcome) -> tuple[Kind, bytes]:
    body: Body
    if isinstance(outcome, Succeeded):
        kind = Kind.EXECUTED
        body = records.Executed(outcome.outputs, outcome.fanned_out, outcome.store)
    elif isinstance(outcome, Failed):
        kind, body = Kind.FAILED, records.Failed(outcome.error, outcome.retryable)
    elif isinstance(outcome, Pruned):
        return Kind.PRUNED, encode({"data": outcome.data})
    elif isinstance(outcome, Requeued):
        kind, body = Kind.REQUEUED, records.Requeued(outcome.delay_ms)
    else:
        return Kind.RELEASED, b"{}"
    return kind, encode(body)


class Reporter:
    """Reports and acknowledges. What is waiting is never lost while the process lives: it is sent until Redis has it.

    Args:
        on_refused: called when Redis does not know this runtime any more.
        max_bytes: the largest report that the state managers take.
    """

    def __init__(
        self, redis: Redis, holdings: Holdings, on_refused: Callable[[], None], max_bytes: int | None = None
    ) -> None:
        self._redis = redis
        self._holdings = holdings
        self._on_refused = on_refused
        self._max_bytes = max_bytes
        self._waiting: list[tuple[Held, Kind, bytes]] = []
        self._wake = asyncio.Event()
        self._sent = asyncio.Event()
        self._sent.set()

    def use(self, redis: Redis) -> None:
        """Report over another client from now on."""
        self._redis = redis

    def report(self, held: Held, outcome: Outcome) -> None:
        """Take over the outcome of a delivery."""
        if held.lost or isinstance(outcome, Lost):
            self._holdings.remove(held)
            return
        held.ended = True
        self._waiting.append((held, *report_of(outcome, self._max_bytes)))
        self._sent.clear()
        self._wake.set()

    async def drained(self) -> None:
        """Wait until everything taken over is in Redis."""
        await self._sent.wait()

    async def run(self) -> None:
        """Run until cancelled."""
        backoff = Backoff()
        while True:
            await self._wake.wait()
            batch = self._next()
            try:
                await self._send(batch)
                backoff.reset()
            except FAULTS as fault:
                logger.warning("reports can't be sent, tries again: %s", fault)
                if is_refusal(fault):
                    self._on_refused()
                await backoff.wait()
                continue
            del self._waiting[: len(batch)]
            for held, _, _ in batch:
                self._holdings.remove(held)
            if not self._waiting:
                self._wake.clear()
                self._sent.set()

    def _next(self) -> list[tuple[Held, Kind, bytes]]:
        size = 0
        for count, (_, _, body) in enumerate(self._waiting[:_BATCH]):
            size += len(body)
            if count and size > _BATCH_BYTES:
                return self._waiting[:count]
        return self._waiting[:_BATCH]

    async def _send(self, batch: list[tuple[Held, Kind, bytes]]) -> None:
        reports: list[tuple[str, dict[str, str | bytes]]] = []
        done: dict[str, list[str]] = {}
        for held, kind, body in batch:
            task = held.task
            stream = shard_keys(task.namespace, shard_of_ours(task.run)).reports
            reports.append(
                (
                    stream,
                    {
                        ReportField.KIND: kind,
                        ReportField.HOME: task.home,
                        ReportField.STATE: held.state,
                        ReportField.ATTEMPT: held.attempt,
                        ReportField.BODY: body,
                    },
                )
            )
            done.setdefault(held.stream, []).append(held.entry)
        await send_reports(self._redis, reports, done)
