"""Keeps a part of `exosphere dev` running: one that ends is started again, later each time."""

from collections.abc import Callable
from typing import Final, Protocol

from exosphere_core.errors import ConfigurationError

#: Seconds before the first start anew, doubled with each failure in a row.
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0

#: A part that ran this many seconds had started well: its end is a first failure again.
_LIVED_S: Final = 10.0


class Part(Protocol):
    """What can be kept running."""

    def start(self) -> None:
        """Start it. May raise ConfigurationError."""

    def poll(self) -> int | None:
        """Return None while it runs, else its exit code."""


class Keeper:
    """Keeps one part running. Times are monotonic, in seconds, and passed in."""

    def __init__(self, name: str, part: Part, started_at: float, say: Callable[[str], None]) -> None:
        self._name = name
        self._part = part
        self._say = say
        self._failures = 0
        self._started_at = started_at
        #: Of the next start; None while it runs.
        self._due_at: float | None = None

    def look(self, now: float) -> None:
        """Notice the part's end; start it again when its pause is over."""
        if self._due_at is not None:
            if now >= self._due_at:
                self._start(now)
        elif (code := self._part.poll()) is not None:
            if now - self._started_at >= _LIVED_S:
                self._failures = 0
            self._failed(now, f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}")

    def start_at_once(self, now: float) -> None:
        """Start the part without a pause, its failures forgotten."""
        self._failures = 0
        self._start(now)

    def _start(self, now: float) -> None:
        self._due_at, self._started_at = None, now
        try:
            self._part.start()
        except ConfigurationError as refused:
            self._failed(now, f"does not start: {refused.detail}")

    def _failed(self, now: float, what: str) -> None:
        self._failures += 1
        pause = restart_pause_s(self._failures)
        self._due_at = now + pause
        self._say(f"{self._name} {what}; starting it again in {pause:g} s")


def restart_pause_s(failures: int) -> float:
    """Return how many seconds to wait after this many failures in a row, from 1."""
    return float(min(_FIRST_PAUSE_S * 2 ** min(failures - 1, 30), _LONGEST_PAUSE_S))
