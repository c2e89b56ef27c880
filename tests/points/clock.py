"""An event loop whose time is virtual: when nobody has anything to do, it is at once the time for which somebody waits.

All talk with Redis is synchronous here (see `wire`), so that a loop without ready tasks waits for time alone.
"""

import asyncio
import selectors
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import exosphere_worker.clock

#: Later than 0: who never looked at something looks at once.
_START_S = 10_000.0

#: A timer is due although its time and ours were rounded, in s.
_ROUNDING_S = 1e-6


class Deadlock(Exception):
    """Everybody waits for something that nobody will ever do."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Sleeps take no time."""

    def __init__(self) -> None:
        self.now = _START_S
        super().__init__(_Leaping(self))

    def time(self) -> float:
        return self.now


class _Leaping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise Deadlock
        if timeout > 0:
            self._loop.now += timeout + _ROUNDING_S
        return super().select(0)


@contextmanager
def virtual_time(loop: VirtualLoop) -> Iterator[None]:
    """What the product asks for the time is answered by the loop, and what it does in threads is done at once."""

    async def inline(call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        return call(*arguments, **named)

    with ExitStack() as stack:
        stack.enter_context(patch.object(time, "monotonic", loop.time))
        # The clock that goes on while a machine sleeps can't be set; without it the ordinary one is asked.
        stack.enter_context(patch.object(exosphere_worker.clock, "_BOOT_CLOCK", None))
        stack.enter_context(patch.object(asyncio, "to_thread", inline))
        for name, module in list(sys.modules.items()):
            if name.startswith("exosphere_") and hasattr(module, "monotonic"):
                stack.enter_context(patch.object(module, "monotonic", loop.time))
        yield
