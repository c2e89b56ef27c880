"""What the processes of a pool print, passed on; the line with which one refuses to start is held back."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from exosphere_cli.child import ERROR_PREFIX

#: Seconds after its error line in which a command of ours has ended.
_HELD_BACK_S: Final = 2.0


@dataclass(slots=True)
class _Withheld:
    since: float
    lines: list[str] = field(default_factory=list)


class WorkerOutput:
    """The output of one worker process, line by line, from the thread that reads it.

    All processes of a pool may refuse to start for the same reason: the pool says it once.

    Args:
        write: shows the user a line.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._withheld: _Withheld | None = None
        self._lock = Lock()

    def show(self, line: str) -> None:
        """Pass a line on, unless it is, or follows, what may be a refusal."""
        with self._lock:
            if self._withheld is None and line.startswith(ERROR_PREFIX):
                self._withheld = _Withheld(time.monotonic())
            if self._withheld is None:
                self._write(line)
            else:
                self._withheld.lines.append(line)

    def look(self) -> None:
        """Show what was held back for too long: the process goes on, so it is no refusal."""
        with self._lock:
            if self._withheld is not None and time.monotonic() - self._withheld.since > _HELD_BACK_S:
                self._release()

    def flush(self, said: str = "") -> None:
        """Show what is held back, unless it is a refusal that was `said` already."""
        with self._lock:
            if self._held() == said:
                self._withheld = None
            self._release()

    def take_refusal(self) -> str:
        """Return what is held back, without its prefix, and hold it no longer; empty when it is nothing."""
        with self._lock:
            held = self._held()
            self._withheld = None
            return held

    def _held(self) -> str:
        return "\n".join(self._withheld.lines).removeprefix(ERROR_PREFIX) if self._withheld is not None else ""

    def _release(self) -> None:
        if self._withheld is not None:
            for line in self._withheld.lines:
                self._write(line)
            self._withheld = None
