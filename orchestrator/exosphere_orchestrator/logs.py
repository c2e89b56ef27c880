"""Logging of the server processes: readable text, or one JSON object a line."""

import json
import logging
import sys
from contextvars import ContextVar
from copy import copy
from datetime import UTC, datetime
from typing import Final

#: Id of the request that is being answered; empty outside of one.
REQUEST_ID: Final = ContextVar("request_id", default="")


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
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if given := REQUEST_ID.get():
            line["request_id"] = given
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up_logging(level: str, form: str) -> None:
    """Log to standard error.

    Args:
        form: "text" or "json".
    """
    handler = logging.StreamHandler(sys.stderr)
    text = TextLines("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
    handler.setFormatter(JsonLines() if form == "json" else text)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
