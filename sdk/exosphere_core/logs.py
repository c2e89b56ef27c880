"""What all processes write to their logs: readable text, or one JSON object a line."""

import json
import logging
import os
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from copy import copy
from datetime import UTC, datetime
from typing import Final, NamedTuple, Protocol

from exosphere_core import traces
from exosphere_core.errors import ConfigurationError

FORMAT_VARIABLE: Final = "EXOSPHERE_LOG_FORMAT"

#: Id of the request that is being answered; empty outside of one.
REQUEST_ID: Final = ContextVar("request_id", default="")


class About(NamedTuple):
    """What a line is about. The names are those of the attributes of a record and of the fields of a JSON line."""

    run_id: str
    state_id: str
    node: str
    attempt: str
    namespace: str

    @property
    def extra(self) -> dict[str, str]:
        """For the argument `extra` of a logger's methods."""
        return self._asdict()


class Attempt(Protocol):
    """An execution of a state."""

    def about(self) -> About:
        """Tell which one it is."""


#: The attempt that is being executed: whatever is logged meanwhile, by whichever library, is about it. Asked for only
#: when a line is written, as it is set for each state.
ATTEMPT: Final[ContextVar[Attempt | None]] = ContextVar("attempt", default=None)


def in_one_line(text: str) -> str:
    """Spell out what could begin a new line or steer a terminal: names and headers come from anywhere."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


class TextLines(logging.Formatter):
    """Readable text. Only an entry of ours begins at the start of a line; its stack trace is indented."""

    def format(self, record: logging.LogRecord) -> str:
        safe = copy(record)
        told = f" (request {given})" if (given := REQUEST_ID.get()) else ""
        safe.msg, safe.args = in_one_line(record.getMessage()) + told, ()
        entry, *trace = super().format(safe).splitlines()
        return "\n".join([entry, *(f"    {in_one_line(line)}" for line in trace)])


class JsonLines(logging.Formatter):
    """One JSON object a line. Ids that a record carries come before those of the attempt that is being executed."""

    def format(self, record: logging.LogRecord) -> str:
        line = _line(record.created, record.levelname, record.name, record.getMessage())
        if given := REQUEST_ID.get():
            line["request_id"] = given
        attempt = ATTEMPT.get()
        current = {} if attempt is None else attempt.about().extra
        for name in About._fields:
            value = getattr(record, name, None) or current.get(name)
            if value is not None:
                line[name] = str(value)
        if traces.installed is not None and (span := traces.installed.current()):
            _, line["trace_id"], line["span_id"], _ = span.split("-")
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def json_line(moment: float, logger: str, message: str, more: Mapping[str, str] | None = None) -> str:
    """Spell a line of a program that has no logger, as `JsonLines` spells those of level INFO.

    Args:
        moment: unix s.
        more: fields that it has beside the usual ones.
    """
    return json.dumps({**_line(moment, "INFO", logger, message), **(more or {})}, ensure_ascii=False)


def _line(moment: float, level: str, logger: str, message: str) -> dict[str, object]:
    time = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return {"time": time, "level": level, "logger": logger, "message": message}


def writes_json() -> bool:
    """Whether the environment asks for JSON.

    Raises:
        ConfigurationError: it asks for what there is not.
    """
    form = os.environ.get(FORMAT_VARIABLE) or "text"
    if form not in ("text", "json"):
        raise ConfigurationError(f"{FORMAT_VARIABLE} {form[:60]!r} is no format; use text or json")
    return form == "json"


def set_up_logging(level: str, form: str) -> None:
    """Log to standard error.

    Args:
        form: "text" or "json".
    """
    handler = logging.StreamHandler(sys.stderr)
    text = TextLines("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
    handler.setFormatter(JsonLines() if form == "json" else text)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # What Python warns of would be text of several lines.
    logging.captureWarnings(form == "json")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
