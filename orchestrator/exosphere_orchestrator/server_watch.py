"""The agent that looks at Redis itself: how full it is, and whether it is still the one that it was."""

import asyncio
from time import monotonic

from exosphere_core.store.servers import look, turns
from exosphere_orchestrator.edge import Edge
from exosphere_orchestrator.engine.agent import Agent
from exosphere_orchestrator.engine.context import EngineContext, logger

#: How often it looks, in s.
LOOK_S = 1.0


class ServerWatch(Agent):
    """Tells the memory budget what is used, and has what may be lost applied again when a server was restarted or replaced."""

    def __init__(self, context: EngineContext, edge: Edge) -> None:
        super().__init__(context, "watch of Redis")
        self._edge = edge
        #: The servers by their run ids, and how often Sentinels named another master: it may be left and be back between
        #: two looks, and what was answered by the other one meanwhile is lost.
        self._seen: tuple[set[str], int] | None = None
        self._lost = False

    async def run_once(self) -> None:
        at = monotonic()
        # Before the look: a turn during it is one of the next look.
        turned = turns(self.context.redis)
        looks = await look(self.context.redis)
        seen = {server.run_id for server in looks}, turned
        changed = self._seen not in (None, seen)
        if changed:
            logger.warning("Redis was restarted or is another server now; what it may have lost is applied again")
            # A version or state that was lost may have been made again, and be another one.
            self.context.plans.clear()
            self.context.tasks.clear()
        if changed or self._lost:
            self._edge.begin()
        self._seen, self._lost = seen, False
        try:
            await self._edge.go_on()
        except BaseException:
            self._lost = True
            raise
        self._edge.forget(at)
        self.context.intake.budget.note(looks)
        await asyncio.sleep(LOOK_S)

    async def recover(self) -> None:
        """Redis was lost: nothing is dropped until it is there again, and all that is kept is applied again then."""
        self._lost = True
