"""One execution of a node, which may be struck by the death of its worker."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Protocol

from exosphere_worker.outcome import Outcome
from exospherehost.testing.faults import Plan


class Answers(Protocol):
    """What a node may ask for."""

    async def store_value(self, state: str, key: str) -> str | None:
        """Return a value of the store, or None."""

    async def recorded(self, state: str, key: str) -> tuple[bool, Any]:
        """Tell whether a result is recorded under a key, and which."""

    async def record(self, state: str, key: str, result: Any) -> Any:
        """Record a result unless there is one, and return the one that came first."""


class Mortal:
    """Answers what a node asks, and lets its worker die in between.

    Args:
        step: names the execution, for the plan of faults.
    """

    def __init__(self, answers: Answers, plan: Plan, step: str) -> None:
        self._answers = answers
        self._plan = plan
        self._step = step
        self.dead = asyncio.Event()

    async def store_value(self, state: str, key: str) -> str | None:
        """Return a value of the store, or None."""
        return await self._answers.store_value(state, key)

    async def recorded(self, state: str, key: str) -> tuple[bool, Any]:
        """Tell whether a result is recorded under a key, and which."""
        return await self._answers.recorded(state, key)

    async def record(self, state: str, key: str, result: Any) -> Any:
        """Record a result unless there is one, and return the one that came first; unless the worker dies before or after it."""
        if self._plan.strikes(self._step, "died-in-once", key):
            await self._die()
        first = await self._answers.record(state, key, result)
        if self._plan.strikes(self._step, "died-after-once", key):
            await self._die()
        return first

    async def _die(self) -> None:
        self.dead.set()
        await asyncio.Event().wait()


async def execute(work: Coroutine[Any, Any, Outcome], mortal: Mortal) -> Outcome | None:
    """Let a node run to its end. None when its worker died meanwhile: whatever it was doing is broken off."""
    running = asyncio.create_task(work)
    dying = asyncio.create_task(mortal.dead.wait())
    try:
        await asyncio.wait([running, dying], return_when=asyncio.FIRST_COMPLETED)
        return None if mortal.dead.is_set() else await running
    finally:
        for task in (running, dying):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
