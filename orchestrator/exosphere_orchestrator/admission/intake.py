"""The one way in for new runs: refused when there is too much already, answered when they are safe."""

import asyncio
from typing import Any

from exosphere_core.errors import NotYetSafe, Overloaded
from exosphere_core.records import Task
from exosphere_core.store.calls import Call, apply
from exosphere_core.store.connection import Redis
from exosphere_core.store.durable import Safety, apply_safely
from exosphere_core.store.faults import ResponseError, is_out_of_memory
from exosphere_orchestrator.admission.budget import MemoryBudget
from exosphere_orchestrator.run_settings import RunSettings

#: When a caller that was refused does well to ask again, in s.
RETRY_AFTER_S = 5

#: How many waits for replicas or the disk go on at once; each holds a connection.
_WAITS = 32


class Intake:
    """Makes new runs.

    Args:
        max_queued: how many states may wait or run at one node, and how many runs may be pending, in a shard; 0 for any number.
        budget: tells when memory is too full.
        safety: what a run must have reached before it is answered.
    """

    def __init__(self, max_queued: int = 0, budget: MemoryBudget | None = None, safety: Safety | None = None) -> None:
        self.max_queued = max_queued
        self.budget = budget or MemoryBudget()
        self._safety = safety or Safety()
        self._waits = asyncio.Semaphore(_WAITS)

    async def make(self, redis: Redis, call: Call, task: Task, wanted: int = 1) -> tuple[bytes, bytes]:
        """Apply a call of `trigger` or `trigger_many` and return its reply.

        Args:
            call: made with this intake's `max_queued`.
            task: of the root; of the first one, when there are several.
            wanted: how many runs are to be let in.

        Raises:
            Overloaded: there is too much already; nothing was made.
            NotYetSafe: the run was made, or was there, and is not safe yet.
        """
        if refusal := self.budget.refusal:
            raise Overloaded(f"graph {task.graph!r} can't be triggered now: {refusal}", RETRY_AFTER_S)
        more = f"{wanted} more are asked for, " if wanted > 1 else ""
        try:
            (word, figure), lacking = await self._apply(redis, call)
        except ResponseError as refused:
            raise overloaded(refused) from None
        if word in (b"queue", b"runs"):
            queued = f"states wait or run at node {task.node!r}" if word == b"queue" else "runs are pending"
            raise Overloaded(
                f"graph {task.graph!r} can't be triggered now: in its shard of namespace {task.home!r} {figure} {queued}, "
                f"{more}and the limit is {self.max_queued} (EXOSPHERE_MAX_QUEUED)",
                RETRY_AFTER_S,
            )
        if lacking and word in (b"made", b"existed"):
            raise NotYetSafe(
                f"run {task.run} was made and is not safe yet: {lacking}; "
                "send the trigger again with the same Idempotency-Key until it is answered"
            )
        return word, figure

    async def _apply(self, redis: Redis, call: Call) -> tuple[Any, str]:
        if not self._safety.asked:
            return await apply(redis, call), ""
        async with self._waits:
            return await apply_safely(redis, call, self._safety)


def new_intake(settings: RunSettings) -> Intake:
    """Make the way in that the settings ask for."""
    return Intake(
        settings.max_queued,
        MemoryBudget(settings.max_memory_percent, settings.max_memory_bytes),
        new_safety(settings),
    )


def new_safety(settings: RunSettings) -> Safety:
    """Tell what a run must have reached before it is answered."""
    return Safety(settings.trigger_replicas, settings.trigger_fsync, settings.trigger_wait_ms)


def overloaded(refused: ResponseError) -> Exception:
    """What a caller is told when Redis refused to begin something new: the refusal itself, unless memory is full."""
    if not is_out_of_memory(refused):
        return refused
    return Overloaded(
        "Redis is out of memory (its maxmemory is reached): nothing was changed, and what runs goes on; "
        "try again later, or give Redis more memory",
        RETRY_AFTER_S,
    )
