"""The skeleton of an agent: one duty, done again and again, that outlives any outage of Redis."""

import asyncio
import contextvars
from abc import ABC, abstractmethod

from exosphere_core.backoff import Backoff
from exosphere_core.ending import end
from exosphere_core.errors import ExosphereError
from exosphere_core.store.faults import LOST, RedisError
from exosphere_orchestrator.engine.context import EngineContext, logger


class Agent(ABC):
    """Runs `run_once` until it is cancelled. After a fault it waits, a little longer each time, and recovers."""

    def __init__(self, context: EngineContext, name: str) -> None:
        self.context = context
        self.name = name
        self._draining = False
        self._task: asyncio.Task[None] | None = None
        self._told = ""

    def _tell(self, sentence: str, fault: Exception) -> None:
        """Log a fault, once for as long as it stays the same."""
        if str(fault) != self._told:
            self._told = str(fault)
            logger.error(sentence, self.name, fault)

    @abstractmethod
    async def run_once(self) -> None:
        """Do the duty once; block while there is nothing to do."""

    async def recover(self) -> None:
        """Called after a fault, before the duty is taken up again."""
        return

    async def close(self) -> None:
        """Called when the agent stops."""
        return

    def start(self) -> None:
        """Run in a task of its own, until `stop`."""
        # A context of its own: a request that starts agents collects its own calls, not theirs.
        self._task = asyncio.create_task(self.run(), name=self.name, context=contextvars.Context())

    async def stop(self, grace_s: float) -> None:
        """End the task that `start` began.

        Args:
            grace_s: how long what is under way may take, in s. Most need none: each step of theirs is atomic.
        """
        self._draining = True
        if self._task is not None:
            await end(self._task)

    async def run(self) -> None:
        """Run until cancelled, or until a stop was asked for and what is under way is finished."""
        backoff = Backoff()
        faulty = False
        try:
            while not self._draining:
                try:
                    if faulty:
                        await self.recover()
                        logger.info("%s goes on", self.name)
                        faulty = False
                    await self.run_once()
                    self._told = ""
                    backoff.reset()
                except LOST as fault:
                    if not faulty:
                        logger.warning("%s lost Redis, tries again: %s", self.name, fault)
                    faulty = True
                except RedisError as fault:
                    self._tell("%s was refused by Redis, tries again: %s", fault)
                    faulty = True
                except ExosphereError as fault:
                    self._tell("%s can't go on, tries again: %s", fault)
                    faulty = True
                except Exception:
                    # A bug must not end an agent: the report stays pending and others go on.
                    logger.exception("%s failed, tries again", self.name)
                    faulty = True
                if faulty and not self._draining:
                    await backoff.wait()
        finally:
            await self.close()
