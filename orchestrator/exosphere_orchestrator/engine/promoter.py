"""Makes waiting states ready when their time comes, to the millisecond."""

import asyncio
from heapq import heappop, heappush
from time import monotonic

from exosphere_core.keys import ShardKeys
from exosphere_core.store import moves
from exosphere_core.store.calls import Call, apply_all
from exosphere_core.store.corrupt import Unreadable, is_wrong_type
from exosphere_core.store.due import read_due
from exosphere_core.store.faults import ResponseError
from exosphere_orchestrator.engine.agent import Agent
from exosphere_orchestrator.engine.context import EngineContext
from exosphere_orchestrator.engine.dead_letters import put_waiting_aside
from exosphere_orchestrator.engine.places import ready_key

#: How often due times that other state managers noted are looked for, in s: only those of one that died matter.
_LOOK_S = 1.0

#: The most states promoted in one round trip.
_BATCH = 500


class Promoter(Agent):
    """Holds the due times that this state manager knows of and sleeps until the next.

    The state manager that makes a state wait notes it here, so nothing is polled on its way; the
    look at the records finds what was noted elsewhere.
    """

    def __init__(self, context: EngineContext, home: ShardKeys) -> None:
        super().__init__(context, f"promoter of {home.due}")
        self._home = home
        self._heap: list[tuple[float, str]] = []
        self._known: set[str] = set()
        self._woken = asyncio.Event()
        self._look_at = 0.0

    def note(self, state: str, delay_ms: int) -> None:
        """A state becomes ready after this time."""
        if state not in self._known and delay_ms <= 2_000 * _LOOK_S:
            self._known.add(state)
            heappush(self._heap, (monotonic() + delay_ms / 1000, state))
            self._woken.set()

    async def run_once(self) -> None:
        if monotonic() >= self._look_at:
            await self._look()
        now = monotonic()
        due: list[str] = []
        while self._heap and self._heap[0][0] <= now and len(due) < _BATCH:
            due.append(heappop(self._heap)[1])
        if due:
            self._known.difference_update(due)
            await self._promote(due)
            return
        self._woken.clear()
        until = min(self._look_at, self._heap[0][0]) if self._heap else self._look_at
        try:
            async with asyncio.timeout(max(0.0, until - monotonic())):
                await self._woken.wait()
        except TimeoutError:
            return

    async def recover(self) -> None:
        self._heap.clear()
        self._known.clear()
        self._look_at = 0.0

    async def _look(self) -> None:
        page = await read_due(self.context.redis, self._home, int(2_000 * _LOOK_S), _BATCH)
        for state, left_ms in page:
            self.note(state, left_ms)
        pause_s = _LOOK_S
        if len(page) == _BATCH:
            # There may be more: they are due no sooner than the last of these, and are looked for then.
            pause_s = min(pause_s, max(0, page[-1][1]) / 1000)
        self._look_at = monotonic() + pause_s

    async def _promote(self, due: list[str]) -> None:
        unreadable: Unreadable = {}
        tasks = await self.context.tasks.get_many([(self._home, state) for state in due], unreadable)
        calls: list[Call] = []
        called: list[str] = []
        for state, task in zip(due, tasks, strict=True):
            if state in unreadable:
                await put_waiting_aside(self.context, self._home, state, unreadable[state].detail)
                continue
            # A state whose record is gone is taken off the list by the same script: it finds no status.
            ready = ready_key(task) if task else self._home.ready("none")
            calls.append(moves.promote(self._home, state, ready))
            called.append(state)
            if task:
                self.context.tasks.keep({state: task})
        refused: ResponseError | None = None
        for state, reply in zip(called, await apply_all(self.context.scripts, calls), strict=True):
            if isinstance(reply, ResponseError):
                if is_wrong_type(reply):
                    await put_waiting_aside(self.context, self._home, state, str(reply))
                else:
                    refused = reply
            elif reply > 0:
                self.note(state, reply)
        if refused is not None:
            raise refused
