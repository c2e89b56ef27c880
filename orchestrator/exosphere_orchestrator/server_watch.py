"""Looking at Redis itself: how full it is, and whether it is still the one that it was."""

import asyncio
from collections.abc import Callable
from time import monotonic

from exosphere_core.store.calls import teach
from exosphere_core.store.connection import Redis
from exosphere_core.store.servers import look, turns
from exosphere_orchestrator.admission.budget import MemoryBudget
from exosphere_orchestrator.edge import Edge, logger
from exosphere_orchestrator.engine.agent import Agent
from exosphere_orchestrator.engine.context import EngineContext

#: How often it is looked at, in s.
LOOK_S = 1.0


class Watch:
    """Tells the memory budget what is used, and has what may be lost applied again when a server was restarted or replaced.

    Args:
        edge: applied over the same client.
        forget: called when a version or state that was lost may have been made again, and be another one.
    """

    def __init__(self, redis: Redis, edge: Edge, budget: MemoryBudget, forget: Callable[[], None]) -> None:
        self._redis = redis
        self._edge = edge
        self._budget = budget
        self._forget = forget
        #: The servers by their run ids, and how often Sentinels named another master: it may be left and be back between
        #: two looks, and what was answered by the other one meanwhile is lost.
        self._seen: tuple[set[str], int] | None = None
        self._lost = False

    def note_loss(self) -> None:
        """Redis was lost: nothing is dropped until it is there again, and all that is kept is applied again then."""
        self._lost = True

    async def look(self) -> bool:
        """Look once.

        Returns:
            Whether it is another server than at the last look, or the first look.

        Raises:
            exosphere_core.store.faults.FAULTS: Redis can't be looked at.
        """
        at = monotonic()
        # Before the look: a turn during it is one of the next look.
        turned = turns(self._redis)
        looks = await look(self._redis)
        seen = {server.run_id for server in looks}, turned
        is_new = self._seen != seen
        changed = is_new and self._seen is not None
        if changed:
            logger.warning("Redis was restarted or is another server now; what it may have lost is applied again")
            self._forget()
        if changed or self._lost:
            self._edge.begin()
        self._seen, self._lost = seen, False
        try:
            await self._edge.go_on()
        except BaseException:
            self._lost = True
            raise
        self._edge.forget(at)
        self._budget.note(looks)
        return is_new


class ServerWatch(Agent):
    """The agent that looks."""

    def __init__(self, context: EngineContext, edge: Edge) -> None:
        super().__init__(context, "watch of Redis")
        self._watch = Watch(context.redis, edge, context.intake.budget, self._forget)
        #: The server is a new one, which knows no scripts.
        self._unknown = False

    async def run_once(self) -> None:
        self._unknown |= await self._watch.look()
        if self._unknown:
            # Servers keep scripts in memory only.
            await teach(self.context.scripts)
            self._unknown = False
        await asyncio.sleep(LOOK_S)

    async def recover(self) -> None:
        self._watch.note_loss()
        # The look that failed may have been the first one of a new server.
        self._unknown = True

    def _forget(self) -> None:
        self.context.plans.clear()
        self.context.tasks.clear()
