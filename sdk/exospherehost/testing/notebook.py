"""What nodes wrote by `self.logger` and `self.emit`, as a test looks at it."""

from dataclasses import dataclass, field
from typing import Final

from exosphere_core.api import LogLimits
from exosphere_core.log_lines import Level, Value
from exosphere_worker.node_log import AttemptLog, WrittenLine

#: A test is given all of it, whatever a state manager would keep.
_ALL: Final = LogLimits(
    level=Level.DEBUG, line_bytes=65_536, attempt_lines=2**31, attempt_bytes=2**31, lines_per_second=2**31
)


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a node wrote.

    Attributes:
        kind: "log" of `self.logger`, "progress" of `self.emit`.
        level: DEBUG, INFO, WARNING, ERROR or CRITICAL; a progress message is INFO.
        text: as it would be kept: with its arguments, the traceback of an exception, and without secrets.
        fields: of `self.emit`, or the `extra` of a call of the logger.
        attempt: which delivery of the state wrote it, beginning with 1.
    """

    kind: str
    level: str
    text: str
    fields: dict[str, Value] = field(default_factory=dict)
    attempt: int = 1

    def __str__(self) -> str:
        return self.text


class Notebook:
    """Keeps all lines of a play. A `LineSink`."""

    def __init__(self) -> None:
        self.limits: LogLimits | None = _ALL
        self._lines: dict[str, list[LogLine]] = {}

    def put(self, line: WrittenLine) -> None:
        """Keep a line."""
        kept = LogLine(line.kind.value, line.level.value, line.text, line.fields, line.attempt.attempt)
        self._lines.setdefault(line.attempt.state, []).append(kept)

    def close(self, attempt: AttemptLog) -> None:
        """Nothing is ever dropped here."""

    def of(self, state: str) -> list[LogLine]:
        """Return the lines of a state, in the order in which they were written."""
        return list(self._lines.get(state, ()))
