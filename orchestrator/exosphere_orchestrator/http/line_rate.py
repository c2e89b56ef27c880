"""Keeps lines of nodes from taking a state manager's time from the transitions."""

from time import monotonic
from typing import Final

from exosphere_core.errors import Overloaded

#: The most lines a second that one state manager takes: so many cost it a small part of a core.
MOST_PER_S: Final = 10_000

#: When a runtime that was refused may try again, in s.
_RETRY_AFTER_S: Final = 1.0


class LineRate:
    """Counts the lines that come in; as many as a second's may come at once.

    Args:
        per_second: how many are taken.
    """

    def __init__(self, per_second: int = MOST_PER_S) -> None:
        self._per_second = per_second
        self._credit: float = per_second
        self._at = monotonic()

    def admit(self, lines: int) -> None:
        """Count lines that are to be taken.

        Raises:
            Overloaded: there are too many; the runtime comes again, and drops what it can't hold meanwhile.
        """
        now = monotonic()
        self._credit = min(self._per_second, self._credit + (now - self._at) * self._per_second)
        self._at = now
        # One call alone is never too much: it would be refused for ever.
        if self._credit < min(lines, self._per_second):
            raise Overloaded(
                f"nodes write more than the {self._per_second} lines a second that one state manager takes; try again later",
                _RETRY_AFTER_S,
            )
        self._credit -= lines
