"""What a node writes while it runs: `self.logger` and `self.emit`. Nothing of it ever raises."""

import logging
import sys
import threading
import time
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Protocol

from exosphere_core.api import LogLimits
from exosphere_core.log_lines import LEVELS, Level, LineKind, Value, bounded, level_of, plain
from exosphere_worker.redaction import spellings, without

#: Text longer than this, in characters, is cut before secrets are looked for in it.
_LONGEST_SEARCHED: Final = 65_536

#: What `extra` may not name: a record of `logging` has these already.
_OF_A_RECORD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

_formatter: Final = logging.Formatter()


class WrittenLine:
    """A line on its way. What it is of is told by its attempt."""

    __slots__ = ("at", "attempt", "fields", "kind", "level", "text")

    def __init__(
        self, attempt: "AttemptLog", kind: LineKind, level: Level, text: str, fields: dict[str, Value]
    ) -> None:
        self.attempt = attempt
        #: Unix ms.
        self.at = time.time_ns() // 1_000_000
        self.kind = kind
        self.level = level
        self.text = text
        self.fields = fields


class LineSink(Protocol):
    """Takes lines, from any thread, and never waits."""

    #: What is kept; None while nothing is.
    limits: LogLimits | None

    def put(self, line: WrittenLine) -> None:
        """Take a line, or drop it."""

    def close(self, attempt: "AttemptLog") -> None:
        """The attempt has ended: what was dropped of it is told."""


class AttemptLog:
    """The lines of one execution. Made when its node writes the first.

    Args:
        home: namespace of the run; empty when it is that of the node.
        attempt: which delivery of the state this is.
        secrets: values that are to be taken out of the lines.
    """

    def __init__(self, sink: LineSink, state: str, home: str, attempt: int, secrets: Mapping[str, str] | None) -> None:
        self.state = state
        self.home = home
        self.attempt = attempt
        #: How many lines the sink took, how many bytes, how many lines it dropped, and how many of these it told of.
        self.lines = self.bytes = self.dropped = self.told = 0
        #: When it last told of them, on the monotonic clock, in s.
        self.told_at = float("-inf")
        self.closed = False
        #: What the node is given as `self.logger`, once it asked for it.
        self.logger: NodeLogger | None = None
        self._sink = sink
        self._secret = spellings(secrets)
        self._margin = max(map(len, self._secret), default=0)

    def keeps(self, level: int) -> bool:
        """Whether a line of this level, a number of `logging`, is kept."""
        limits = self._sink.limits
        return limits is not None and level >= LEVELS[limits.level]

    def emit(self, text: object, fields: Mapping[str, object]) -> None:
        """Keep a progress message."""
        if self.keeps(logging.INFO):
            self._write(LineKind.PROGRESS, Level.INFO, text, fields)

    def log(self, level: int, message: object, arguments: tuple[Any, ...], options: Mapping[str, Any]) -> None:
        """Keep what a call of a logger says. For the arguments see `logging.Logger.log`."""
        with suppress(Exception):
            extra = options.get("extra")
            self._write(
                LineKind.LOG, level_of(level), _told(message, arguments, options.get("exc_info")),
                extra if isinstance(extra, Mapping) else {},
            )  # fmt: skip

    def close(self) -> None:
        """The execution has ended."""
        self.closed = True
        if self.dropped > self.told:
            self._sink.close(self)

    def _write(self, kind: LineKind, level: Level, text: object, fields: Mapping[str, object]) -> None:
        # Whatever a node hands over, such as what has no text, its line is lost and nothing else.
        with suppress(Exception):
            limits = self._sink.limits
            if limits is None:
                return
            values = {}
            for name, value in fields.items():
                spelled = plain(value)
                values[self._masked(str(name))] = self._masked(spelled) if isinstance(spelled, str) else spelled
            shown, kept = bounded(self._masked(str(text)), values, limits.line_bytes)
            self._sink.put(WrittenLine(self, kind, level, shown, kept))

    def _masked(self, text: str) -> str:
        if len(text) <= _LONGEST_SEARCHED:
            return without(text, self._secret)
        # A secret that the cut parts would not be found: what it may have left is cut off as well.
        text = without(text[:_LONGEST_SEARCHED], self._secret)
        return text[: len(text) - self._margin]


class NodeLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger of one execution: its records carry the ids, and its lines are kept beside the run.

    Both know their own least level: the log of the worker what it is set to, the run what the state manager says.
    """

    def __init__(self, logger: logging.Logger, ids: Mapping[str, object], lines: AttemptLog) -> None:
        super().__init__(logger, ids)
        self._lines = lines

    def isEnabledFor(self, level: int) -> bool:
        """Whether a call of this level does anything."""
        return self._lines.keeps(level) or self.logger.isEnabledFor(level)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Add the ids to what the call gives as `extra`."""
        extra = kwargs.get("extra")
        given = extra.items() if isinstance(extra, Mapping) else ()
        mine = self.extra or {}
        kwargs["extra"] = {**{name: value for name, value in given if name not in _OF_A_RECORD}, **mine}
        return msg, kwargs

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log as `logging.Logger.log` does, and keep the line beside the run."""
        if self._lines.keeps(level):
            self._lines.log(level, msg, args, kwargs)
        if self.logger.isEnabledFor(level):
            message, options = self.process(msg, kwargs)
            # This method is one more between the caller, whose place the record names, and `logging`.
            options["stacklevel"] = options.get("stacklevel", 1) + 1
            self.logger.log(level, message, *args, **options)


def _told(message: object, arguments: tuple[Any, ...], fault: object) -> str:
    try:
        text = logging.LogRecord("", 0, "", 0, message, arguments, None).getMessage()
    except Exception:
        # Arguments that do not fit: the log of the worker tells of that.
        text = str(message)
    raised: tuple[type[BaseException], BaseException, TracebackType | None] | Any = None
    if isinstance(fault, BaseException):
        raised = (type(fault), fault, fault.__traceback__)
    elif isinstance(fault, tuple):
        raised = fault
    elif fault:
        raised = sys.exc_info()
    return f"{text}\n{_formatter.formatException(raised)}" if raised and raised[1] is not None else text


#: Of an execution that writes its first lines from several threads at once, one log is made.
MAKING: Final = threading.Lock()
