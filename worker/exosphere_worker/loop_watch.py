"""Notices that node code blocks the event loop: everything else of the runtime stands still meanwhile."""

import asyncio
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Final

from exosphere_worker.vitals import Vitals

logger = logging.getLogger("exosphere.runtime")

#: How often is looked, in s.
_LOOK_S: Final = 1.0

#: A loop that stands still for this long is told, in s.
WARN_S: Final = 5.0

#: How many of the innermost frames of the loop's thread are shown.
_FRAMES: Final = 12

_DEFAULT_LIMIT_MS: Final = 600_000


class LoopWatch:
    """A thread that looks every second whether the event loop has run since.

    It counts looks, not time: a process that stood still as a whole has blocked nothing.

    Args:
        loop: of the thread that makes this.
        limit_s: how long the loop may stand still before the leases are given up; None for ever.
        on_limit: called in this thread, once for each time that the limit is passed.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, vitals: Vitals, limit_s: float | None, on_limit: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._loop_thread = threading.get_ident()
        self._vitals = vitals
        self._limit_s = limit_s
        self._on_limit = on_limit
        self._stopped = threading.Event()
        self._ran = threading.Event()
        self._thread = threading.Thread(target=self._run, name="exosphere-loop-watch", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread; it ends by itself."""
        self._stopped.set()

    def _run(self) -> None:
        looks = 0
        warned = given_up = False
        try:
            self._ask()
            while not self._stopped.wait(_LOOK_S):
                if self._ran.is_set():
                    if warned:
                        logger.warning("the event loop runs again; it stood still for about %g s", looks * _LOOK_S)
                    looks, warned, given_up = 0, False, False
                    self._vitals.note_loop(0.0, "")
                    self._ask()
                    continue
                looks += 1
                blocked_s = looks * _LOOK_S
                if blocked_s >= WARN_S and not warned:
                    warned = True
                    self._vitals.stalls += 1
                    self._warn(blocked_s)
                if warned:
                    self._vitals.note_loop(blocked_s, self._culprit())
                if self._limit_s is not None and blocked_s >= self._limit_s and not given_up:
                    given_up = True
                    self._on_limit()
        except RuntimeError:
            return  # the loop is closed: there is nothing to look at

    def _ask(self) -> None:
        self._ran.clear()
        self._loop.call_soon_threadsafe(self._ran.set)

    def _warn(self, blocked_s: float) -> None:
        limit = "" if self._limit_s is None else f" After {self._limit_s:g} s its states are given to other runtimes."
        logger.warning(
            "%s has blocked the event loop for %g s: nothing else of this runtime goes on.%s Work that blocks belongs "
            "in a plain `def execute`, which runs in a thread, or in asyncio.to_thread. It is here:\n%s",
            self._culprit(), blocked_s, limit, self._stack(),
        )  # fmt: skip

    def _culprit(self) -> str:
        task = asyncio.current_task(self._loop)
        return task.get_name() if task is not None else "a callback"

    def _stack(self) -> str:
        frame = sys._current_frames().get(self._loop_thread)
        return "".join(traceback.format_stack(frame)[-_FRAMES:]).rstrip() if frame else "its stack is not known"


def blocked_loop_limit_s() -> float | None:
    """Return how long the event loop may stand still before the leases are given up, in s: `EXOSPHERE_BLOCKED_LOOP_MS`.

    Raises:
        ValueError: it is no whole number of ms.
    """
    text = os.environ.get("EXOSPHERE_BLOCKED_LOOP_MS") or str(_DEFAULT_LIMIT_MS)
    if not text.isdecimal():
        raise ValueError(f"EXOSPHERE_BLOCKED_LOOP_MS must be a whole number of ms, 0 for no limit, not {text!r}")
    return int(text) / 1000 or None
