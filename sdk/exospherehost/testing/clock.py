"""The clock of a play: the fake Redis of a play reads it, and nothing else does."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import fakeredis

#: When every play begins, unix ms: 2030-01-01T00:00:00Z. The same moment each time, so that a play can be played again.
START_MS = 1_893_456_000_000


class Clock:
    """Stands still until somebody moves it on. `now_ms` is what it shows, unix ms."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.now_ms = now_ms

    def pass_ms(self, ms: int) -> None:
        """Let a time pass, in ms."""
        self.now_ms += ms

    @contextmanager
    def rules(self) -> Iterator[None]:
        """The fake Redis that is asked inside, by this task and those it begins, reads this clock."""
        _install()
        token = _clock.set(self)
        try:
            yield
        finally:
            _clock.reset(token)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """What is asked inside, as by a user's node that has a fake Redis of its own, reads the real time."""
        token = _clock.set(None)
        try:
            yield
        finally:
            _clock.reset(token)


_clock: ContextVar[Clock | None] = ContextVar("clock", default=None)


class _Time:
    """In place of the module `time`, within fakeredis."""

    @staticmethod
    def time() -> float:
        clock = _clock.get()
        return time.time() if clock is None else clock.now_ms / 1000

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


_TIME = _Time()


def _install() -> None:
    """Have fakeredis ask us for the time. Where no clock rules it is told the real one, as before."""
    # It has no other way to give a server a clock: each of its modules asks the module `time`.
    for name, loaded in list(sys.modules.items()):
        module: Any = loaded
        if name.partition(".")[0] == fakeredis.__name__ and getattr(module, "time", None) is time:
            module.time = _TIME
