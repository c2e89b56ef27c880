"""Looking at Redis for as long as runs are made: how full it is, how many shards there are, and whether it is still the same."""

import asyncio
import contextvars
import logging
from collections.abc import Callable, Sequence
from time import monotonic

from exosphere_core.ending import end
from exosphere_core.errors import ExosphereError
from exosphere_core.store.calls import Call
from exosphere_core.store.connection import Redis
from exosphere_core.store.faults import FAULTS, LOST
from exosphere_core.store.shard_count import read_shards
from exosphere_orchestrator.admission.budget import MemoryBudget
from exosphere_orchestrator.edge import KEPT_S, Edge
from exosphere_orchestrator.server_watch import LOOK_S, Watch

logger = logging.getLogger("exosphere.producer")

#: How long it is looked on after the last run was made, in s: until nothing of it has to be kept any more.
_ON_S = KEPT_S + 2 * LOOK_S


#: What a look may end with: it is tried again.
_FAULTS: tuple[type[Exception], ...] = (*FAULTS, ExosphereError)


class Watching:
    """Looks each second while runs are made and for some seconds after, and not at all while nobody makes any.

    Attributes:
        shards: how many there are; None until a state manager has told.
    """

    def __init__(self, redis: Redis, budget: MemoryBudget, forget: Callable[[], None]) -> None:
        self._redis = redis
        self._edge = Edge(redis)
        self._watch = Watch(redis, self._edge, budget, forget)
        self._looking = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._used_at = 0.0
        self.shards: int | None = None

    async def begin(self) -> None:
        """A run is to be made. Whoever comes first after a while waits for one look.

        Raises:
            CorruptRecord: what tells the number of shards can't be read.
            exosphere_core.store.faults.FAULTS: Redis refuses to be looked at, or can't be reached while the number of
                shards is not known.
        """
        self._used_at = monotonic()
        if self._goes_on:
            return
        async with self._looking:
            if not self._goes_on:
                await self._look()
                self._start()

    def keep(self, calls: Sequence[Call]) -> None:
        """Runs were made by these calls: they are made again when Redis turns out to have lost them."""
        if calls:
            self._edge.keep(calls)
            self._used_at = monotonic()
            self._start()

    async def aclose(self) -> None:
        """End looking."""
        if self._task is not None:
            await end(self._task)

    @property
    def _goes_on(self) -> bool:
        return self.shards is not None and self._task is not None and not self._task.done()

    def _start(self) -> None:
        if self._task is None or self._task.done():
            # A context of its own: what it applies again is not the caller's, and it may outlive the caller's spans.
            self._task = asyncio.create_task(self._go_on(), name="watch of Redis", context=contextvars.Context())

    async def _go_on(self) -> None:
        told = ""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                async with self._looking:
                    whole = await self._look()
            except _FAULTS as fault:
                if str(fault) != told:
                    told = str(fault)
                    logger.warning("Redis can't be looked at, it is tried again: %s", fault)
                continue
            if whole and monotonic() > self._used_at + _ON_S:
                return

    async def _look(self) -> bool:
        """Look once. Returns False when a server did not answer: others of its cluster may, so that runs can be made."""
        shards, looked = await asyncio.gather(read_shards(self._redis), self._watch.look(), return_exceptions=True)
        for fault in (shards, looked):
            if isinstance(fault, BaseException) and not isinstance(fault, LOST):
                raise fault
        if isinstance(shards, BaseException):
            if self.shards is None:
                raise shards
        elif shards is not None:
            self.shards = shards
        if isinstance(looked, BaseException):
            self._watch.note_loss()
        return not isinstance(shards, BaseException) and not isinstance(looked, BaseException)
