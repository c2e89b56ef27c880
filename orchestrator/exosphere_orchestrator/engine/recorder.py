"""Writes down once a second how attempts ended that this state manager saw ending."""

import asyncio
from contextlib import suppress
from typing import Final

from exosphere_core.store.faults import FAULTS, LOST, ResponseError
from exosphere_core.store.figures import add_figures
from exosphere_orchestrator.engine.agent import Agent
from exosphere_orchestrator.engine.context import EngineContext, logger
from exosphere_orchestrator.engine.steps import Step
from exosphere_orchestrator.figures import ENDED_BY, Tally

#: How often what was counted is written, in s.
WRITE_S: Final = 1.0

#: After these it is not known whether a write was applied.
_BROKEN_OFF: Final[tuple[type[BaseException], ...]] = (*LOST, asyncio.CancelledError)

#: How long a write may take when the state manager stops, in s.
_LAST_WRITE_S: Final = 1.0


class Recorder(Agent):
    """Adds what was counted to the counters in Redis.

    These are statistics: what a crash loses of them, up to a second of one state manager, is lost. While Redis is away they
    are kept; a write that it lost the reply of is made again, and counts twice if it was applied. What Redis refuses, as its
    memory is full, is left out.
    """

    def __init__(self, context: EngineContext) -> None:
        super().__init__(context, "recorder of figures")
        self._stopping = asyncio.Event()

    async def run_once(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(WRITE_S):
                await self._stopping.wait()
        await self._write()

    async def stop(self, grace_s: float) -> None:
        """Stop, and write what is left. Whatever counts is to be stopped before."""
        self._draining = True
        self._stopping.set()
        if self._task is not None:
            # A write that is under way is not cut off: it would be made again.
            await asyncio.wait([self._task], timeout=_LAST_WRITE_S)
        await super().stop(grace_s)
        with suppress(TimeoutError, *FAULTS):
            async with asyncio.timeout(_LAST_WRITE_S):
                await self._write()

    async def _write(self) -> None:
        taken = self.context.figures.take()
        if not taken:
            return
        try:
            await add_figures(self.context.redis, taken)
        except _BROKEN_OFF:
            self.context.figures.put_back(taken)
            raise
        except ResponseError:
            # Left out of the figures; they ended all the same.
            self.context.metrics.note_ends(taken)
            raise
        self.context.metrics.note_ends(taken)


def note_stale(context: EngineContext, work: Step, found: bytes) -> None:
    """Count a report that changed nothing, and say so.

    Args:
        found: the status that its state reads, or nothing.
    """
    report = work.report
    context.counts["stale"] += 1
    logger.info(
        "report %s (%s) of state %s attempt %s changed nothing: it reads %s",
        report.entry.id, report.kind, report.state, report.attempt, found.decode() or "nothing",
        extra=work.about().extra,
    )  # fmt: skip


def count_end(figures: Tally, work: Step, move: str) -> None:
    """Count the end of an attempt, if the move that was applied is one."""
    ended = ENDED_BY.get(move)
    task, report = work.of.task, work.report
    # What is taken over from an earlier run was not executed.
    if ended is None or (task.replays and report.attempt == "1"):
        return
    moment = int(report.entry.id.partition("-")[0])
    figures.note(work.of.home.namespace, task.node, moment, ended, report.ran_ms)
