"""One execution of a node, which may be struck by the death of its worker."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Protocol

from exosphere_worker.node import BaseNode, runs_in_thread
from exosphere_worker.node_log import LineSink
from exosphere_worker.outcome import Outcome
from exospherehost.testing.faults import Plan
from exospherehost.testing.lines import LineDeath, Threads, dying_by, places_in


class Answers(Protocol):
    """What a node may ask for."""

    @property
    def line_sink(self) -> LineSink:
        """Takes the lines that the node writes."""

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
        self.dead = False
        self._died = asyncio.Event()

    @property
    def line_sink(self) -> LineSink:
        """Takes the lines that the node writes."""
        return self._answers.line_sink

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
        self.dead = True
        self._died.set()
        await asyncio.Event().wait()

    def died_at_line(self) -> None:
        """The worker dies before a line of the node: what runs the node is told by an exception. From any thread."""
        self.dead = True
        self._plan.struck = True

    async def execute(
        self, work: Coroutine[Any, Any, Outcome], node: type[BaseNode], threads: Threads
    ) -> Outcome | None:
        """Let a node run to its end. None when its worker died meanwhile: whatever it was doing is broken off.

        Args:
            work: executes the node.
            threads: those of the node, where it is a plain function.
        """
        for offered in places_in(node):
            self._plan.offer(self._step, "died-at-line", offered)
        place = self._plan.line_in(self._step)
        death = None if place is None else LineDeath(node, place, self.died_at_line)
        threads.death = death if runs_in_thread(node) else None
        with dying_by(None if threads.death else death):
            outcome = await self._run(work)
        return None if self.dead else outcome

    async def _run(self, work: Coroutine[Any, Any, Outcome]) -> Outcome | None:
        running = asyncio.create_task(work)
        dying = asyncio.create_task(self._died.wait())
        try:
            await asyncio.wait([running, dying], return_when=asyncio.FIRST_COMPLETED)
            return None if self.dead else await running
        finally:
            await self._end(running, dying)

    @staticmethod
    async def _end(*tasks: "asyncio.Task[Any]") -> None:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
