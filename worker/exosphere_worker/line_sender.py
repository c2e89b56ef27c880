"""Brings the lines of all nodes of a runtime to the state manager: many at once, beside the reports, and never in their way."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Any, Final

from exosphere_core.api import MOST_LINES, LogLimits
from exosphere_core.errors import ExosphereError
from exosphere_core.log_lines import Level, LineKind, size_of
from exosphere_worker.node_log import AttemptLog, WrittenLine

logger = logging.getLogger("exosphere.runtime")

#: How long lines wait for more to come, in s.
_GATHER_S: Final = 0.25

#: How much one call carries, in bytes: it is spelled as JSON in the event loop, in a few ms.
_BATCH_BYTES: Final = 256 * 1024

#: How many lines, and how much of them, may wait.
_MOST_WAITING: Final = 5_000
_MOST_WAITING_BYTES: Final = 4 * 1024 * 1024

#: How often a running attempt is told how much of it was dropped, in s.
_TELL_S: Final = 5.0

#: How often the log of the worker tells that lines could not be sent, in s.
_WARN_S: Final = 60.0

#: How long the last lines may take when the runtime stops, in s.
_LAST_S: Final = 2.0


class LineSender:
    """Takes lines from any thread. No task, no timer and no call are there while no node writes any.

    Args:
        send: makes the call that carries lines, given as JSON.
    """

    def __init__(self, send: Callable[[list[dict[str, Any]]], Awaitable[int]]) -> None:
        self.limits: LogLimits | None = None
        self._send = send
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._waiting: deque[tuple[WrittenLine, int]] = deque()
        self._bytes = 0
        #: How many lines may be taken now, and since when they have been counted.
        self._credit = 0.0
        self._credit_at = 0.0
        #: The attempts of which more was dropped than was told.
        self._short: dict[AttemptLog, None] = {}
        #: Whether a task sends, or is about to be made.
        self._awake = False
        self._task: asyncio.Task[None] | None = None
        self._lost = 0
        self._warned_at = float("-inf")

    def use(self, limits: LogLimits | None) -> None:
        """Send within these limits from now on, in the running event loop; None for nothing."""
        self._loop = asyncio.get_running_loop()
        if limits is not None and self.limits is None:
            self._credit, self._credit_at = limits.lines_per_second, monotonic()
        self.limits = limits

    def put(self, line: WrittenLine) -> None:
        """Take a line, or drop it, when there is too much of its attempt, too much a second, or too much waiting."""
        limits = self.limits
        if limits is None:
            return
        size = size_of(line.text, line.fields)
        attempt = line.attempt
        with self._lock:
            if (
                attempt.lines >= limits.attempt_lines
                or attempt.bytes + size > limits.attempt_bytes
                or len(self._waiting) >= _MOST_WAITING
                or self._bytes + size > _MOST_WAITING_BYTES
                or not self._may_take(limits.lines_per_second)
            ):
                self._drop(attempt)
            else:
                attempt.lines += 1
                attempt.bytes += size
                self._waiting.append((line, size))
                self._bytes += size
            self._wake()

    def close(self, attempt: AttemptLog) -> None:
        """The attempt has ended: what was dropped of it is told."""
        with self._lock:
            self._short[attempt] = None
            self._wake()

    async def aclose(self) -> None:
        """Send what waits, as far as that takes no time, and stop."""
        if self._awake:
            # Its first step may be still to come.
            await asyncio.sleep(0)
        task = self._task
        if task is not None and not task.done():
            await asyncio.wait([task], timeout=_LAST_S)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self.limits = None

    def _may_take(self, per_second: int) -> bool:
        now = monotonic()
        self._credit = min(per_second, self._credit + (now - self._credit_at) * per_second)
        self._credit_at = now
        if self._credit < 1:
            return False
        self._credit -= 1
        return True

    def _drop(self, attempt: AttemptLog) -> None:
        attempt.dropped += 1
        self._short[attempt] = None
        if len(self._short) > _MOST_WAITING:
            del self._short[next(iter(self._short))]

    def _wake(self) -> None:
        if not self._awake and self._loop is not None:
            self._awake = True
            # The loop is closed: nothing runs any more.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._work(), name="exosphere-line-sender")

    async def _work(self) -> None:
        try:
            while True:
                await asyncio.sleep(_GATHER_S)
                with self._lock:
                    batch = self._take()
                    notes = [attempt for attempt in self._short if self._is_to_be_told(attempt)]
                    if not batch and not notes:
                        # From here on the next line wakes another task.
                        self._awake = False
                        return
                    for attempt in notes:
                        del self._short[attempt]
                        batch.append(self._note(attempt))
                await self._deliver(batch[:MOST_LINES])
                for late in range(MOST_LINES, len(batch), MOST_LINES):
                    await self._deliver(batch[late : late + MOST_LINES])
        except Exception:
            logger.exception("lines of nodes are sent no more")
            self.limits = None

    def _take(self) -> list[WrittenLine]:
        batch: list[WrittenLine] = []
        size = 0
        while self._waiting and len(batch) < MOST_LINES and size < _BATCH_BYTES:
            line, bytes_ = self._waiting.popleft()
            size += bytes_
            batch.append(line)
        self._bytes -= size
        return batch

    def _is_to_be_told(self, attempt: AttemptLog) -> bool:
        return attempt.closed or monotonic() - attempt.told_at >= _TELL_S

    @staticmethod
    def _note(attempt: AttemptLog) -> WrittenLine:
        count, attempt.told, attempt.told_at = attempt.dropped - attempt.told, attempt.dropped, monotonic()
        text = f"{count} lines of this attempt were not kept: it writes too much, or too much at a time"
        return WrittenLine(attempt, LineKind.DROPPED, Level.WARNING, text, {"count": count})

    async def _deliver(self, lines: list[WrittenLine]) -> None:
        try:
            taken = await self._send([_spelled(line) for line in lines])
        except ExosphereError as refused:
            self._note_lost(lines)
            self._warn(len(lines), refused.detail)
        else:
            self._warn(len(lines) - taken, "their runs are gone, or the memory of Redis is full")

    def _note_lost(self, lines: list[WrittenLine]) -> None:
        with self._lock:
            for line in lines:
                # A note that could not be sent is not made again: where nothing can be sent, there would be no end of it.
                if line.kind is not LineKind.DROPPED:
                    self._drop(line.attempt)

    def _warn(self, lost: int, why: str) -> None:
        self._lost += lost
        if lost and monotonic() - self._warned_at >= _WARN_S:
            logger.warning("%d lines of nodes are not kept: %s", self._lost, why)
            self._warned_at, self._lost = monotonic(), 0


def _spelled(line: WrittenLine) -> dict[str, Any]:
    attempt = line.attempt
    body: dict[str, Any] = {
        "state": attempt.state,
        "attempt": attempt.attempt,
        "at": line.at,
        "kind": line.kind.value,
        "level": line.level.value,
        "text": line.text,
    }
    if attempt.home:
        body["home"] = attempt.home
    if line.fields:
        body["fields"] = line.fields
    return body
