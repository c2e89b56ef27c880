"""Writes the audit log, beside the calls that it tells of: an answer does not wait for it."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from exosphere_core.store.audit import Happened, append
from exosphere_orchestrator.engine.agent import Agent
from exosphere_orchestrator.engine.context import EngineContext

logger = logging.getLogger("exosphere.audit")

#: The most entries that one write sends.
_BATCH: Final = 256

#: The most entries that wait while Redis is away; the oldest go first.
_MOST_WAITING: Final = 10_000

#: How many refused calls are recorded at once, and how many a second after these: so few that they take months to fill
#: a log and push out what else it tells.
_REFUSED_AT_ONCE: Final = 100
_REFUSED_PER_S: Final = 1 / 60

#: How long a caller waits at most for what happened before to be written, in s.
_PATIENCE_S: Final = 2.0


class RefusalBudget:
    """How many refused calls are recorded: whoever has no key must not fill Redis' memory, nor push others out of the log."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left = float(_REFUSED_AT_ONCE)
        self._seen = clock()
        self._left_out = 0

    def admit(self) -> int | None:
        """Tell whether one more is recorded: how many were left out before it, or None when it is left out, too."""
        now = self._clock()
        self._left = min(_REFUSED_AT_ONCE, self._left + (now - self._seen) * _REFUSED_PER_S)
        self._seen = now
        if self._left < 1:
            self._left_out += 1
            return None
        self._left -= 1
        left_out, self._left_out = self._left_out, 0
        return left_out


class AuditLog(Agent):
    """Takes entries from the calls and writes what has come meanwhile at once.

    What is written again after a lost reply may be there twice; it is in order but for those that Redis refused.

    Args:
        most: how many entries a log holds, roughly.
    """

    def __init__(self, context: EngineContext, most: int) -> None:
        super().__init__(context, "audit log")
        self._most = most
        self._waiting: deque[Happened] = deque()
        self._some = asyncio.Event()
        self._none = asyncio.Event()
        self._none.set()
        # Who has no key must not use up what is there for those who have one.
        self._refusals = {"strangers": RefusalBudget(), "known": RefusalBudget()}

    def note(self, happened: Happened, *, refused: bool) -> None:
        """Record a call.

        Args:
            refused: whether it is one of those of which only so many are recorded.
        """
        if refused:
            left_out = self._refusals["known" if happened.key_id else "strangers"].admit()
            if left_out is None:
                return
            happened = happened._replace(left_out=left_out)
        if len(self._waiting) >= _MOST_WAITING:
            lost = self._waiting.popleft()
            logger.error("the audit log can't be written, an entry is lost: %r", lost)
        self._waiting.append(happened)
        self._some.set()
        self._none.clear()

    async def written(self) -> None:
        """Wait until what was noted is written, but not for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await self._none.wait()

    async def run_once(self) -> None:
        await self._some.wait()
        batch = [self._waiting[place] for place in range(min(_BATCH, len(self._waiting)))]
        refused = await append(self.context.redis, batch, self._most)
        # Others may have been dropped at this end meanwhile, and added at the other.
        for one in batch:
            if self._waiting and self._waiting[0] is one:
                self._waiting.popleft()
        if refused:
            self._waiting.extendleft(reversed(refused))
            logger.warning("Redis refused %d entries of the audit log; they are tried again", len(refused))
            await asyncio.sleep(1)
        if not self._waiting:
            self._some.clear()
            self._none.set()

    async def stop(self, grace_s: float) -> None:
        """Write what was noted, then end."""
        await self.written()
        await super().stop(grace_s)
