"""Waiting awake: to wake a process that sleeps takes its system longer than many a node takes to run."""

import asyncio
import os
from collections.abc import Callable
from time import monotonic
from typing import Final

#: How long a wait may be spent awake, in µs.
_DEFAULT_US: Final = 500

#: After a wait of up to so many times that limit the next one may be a short one: asleep the same wait takes longer.
_NEAR: Final = 2

#: After so many waits in a row that were awake for longer than the limit, none is spent awake for that long, in s.
_MOST_IN_VAIN: Final = 3
_REST_S: Final = 0.02

#: Lets whoever else has need of this core have it first. Without that a system may have one that was placed on it, such as
#: Redis, wait until the limit, though other cores are free. Not every system has it.
_give_way: Final[Callable[[], None]] = getattr(os, "sched_yield", lambda: None)


class Spin:
    """Has the event loop look for news again and again, in place of sleeping, while it waits for a delivery that will soon be there.

    It will when the last one soon was: so one step of a chain follows on the other. Who waits for long sleeps, and so does who
    has one core only, or nodes that run meanwhile; and who was awake in vain sleeps for a while. Others have the core first.

    Args:
        limit_us: how long a wait may be spent so, in µs; 0 for never.
        is_idle: whether nothing runs.
        cores: how many cores this process may use. With one, what is waited for can't happen while this is awake.
        clock: monotonic, in s.
    """

    def __init__(
        self,
        limit_us: int,
        is_idle: Callable[[], bool],
        cores: int | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._limit_s = limit_us / 1e6 if (cores or usable_cores()) > 1 else 0.0
        self._is_idle = is_idle
        self._clock = clock
        self._was_short = False
        self._waiting = False
        #: The loop is kept awake.
        self.is_awake = False
        #: This wait began awake.
        self._tried = False
        #: So many of these in a row were in vain.
        self._in_vain = 0
        self._began = self._rests_until = 0.0

    def begin(self) -> None:
        """A wait begins."""
        now = self._clock()
        self._waiting, self._began = True, now
        self._tried = self._was_short and now >= self._rests_until and self._is_idle()
        if self._tried and not self.is_awake:
            self.is_awake = True
            asyncio.get_running_loop().call_soon(self._turn)

    def end(self) -> None:
        """It is over, whatever came of it."""
        waited_s = self._clock() - self._began
        self._waiting = False
        self._was_short = waited_s < self._limit_s * _NEAR
        if self._tried:
            self._in_vain = self._in_vain + 1 if waited_s >= self._limit_s else 0
            if self._in_vain == _MOST_IN_VAIN:
                self._in_vain = 0
                self._rests_until = self._clock() + _REST_S

    def _turn(self) -> None:
        self.is_awake = self._waiting and self._clock() - self._began < self._limit_s
        if self.is_awake:
            _give_way()
            asyncio.get_running_loop().call_soon(self._turn)


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spin_limit_us() -> int:
    """Return how long a runtime may wait awake for the next delivery, in µs: `EXOSPHERE_SPIN_US`.

    Raises:
        ValueError: it is no whole number of µs.
    """
    text = os.environ.get("EXOSPHERE_SPIN_US") or str(_DEFAULT_US)
    if not text.isdecimal():
        raise ValueError(f"EXOSPHERE_SPIN_US must be a whole number of µs, 0 for never, not {text!r}")
    return int(text)
