"""The lines that nodes write while they run: what kinds there are, how grave each is, and how long one may be."""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class LineKind(StrEnum):
    """What a line is."""

    LOG = "log"  #: of `self.logger`
    PROGRESS = "progress"  #: of `self.emit`
    DROPPED = "dropped"  #: in place of lines that were not kept; its field `count` tells how many


class Level(StrEnum):
    """How grave a line is. A progress message is `INFO`, a note of lines that were dropped `WARNING`."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


#: The levels, the least grave first, with their numbers in `logging`.
LEVELS: Final[Mapping[Level, int]] = {
    Level.DEBUG: 10,
    Level.INFO: 20,
    Level.WARNING: 30,
    Level.ERROR: 40,
    Level.CRITICAL: 50,
}

#: The most fields of one line; further ones are left out.
MOST_FIELDS: Final = 32

#: The longest name of a field, in bytes.
LONGEST_NAME: Final = 100

#: What a line takes beside its text and fields, in bytes: ids, times, the entry itself.
OVERHEAD_BYTES: Final = 200

#: Stands at the end of what was cut.
CUT: Final = "…"

#: A whole number up to here is the same number to whoever reads JSON.
_LARGEST_WHOLE: Final = 2**53

Value = str | int | float | bool | None


def level_of(number: int) -> Level:
    """Return a level by its number in `logging`; of one in between, the next lower one."""
    found = Level.DEBUG
    for level, least in LEVELS.items():
        if number >= least:
            found = level
    return found


def levels_from(least: Level) -> frozenset[Level]:
    """Return a level and all that are graver."""
    return frozenset(level for level, number in LEVELS.items() if number >= LEVELS[least])


def cut(text: str, most_bytes: int) -> str:
    """Shorten text to so many bytes of UTF-8. What is no text, as undecodable file names are, is written as an escape."""
    # Each character takes a byte or more: what lies behind can't fit in.
    raw = text[: most_bytes + 1].encode(errors="backslashreplace")
    if len(raw) <= most_bytes:
        return raw.decode()
    return raw[: max(0, most_bytes - len(CUT.encode()))].decode(errors="ignore") + CUT


def plain(value: object) -> Value:
    """Return a value as JSON has it: text, a number, true, false, null. Anything else as text.

    Raises:
        Exception: it has no text.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and -_LARGEST_WHOLE <= value <= _LARGEST_WHOLE:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    return str(value)


def size_of(text: str, fields: Mapping[str, Value]) -> int:
    """About how many bytes a line takes."""
    size = OVERHEAD_BYTES + len(text.encode(errors="replace"))
    for name, value in fields.items():
        size += len(name) * 2 + (len(value.encode(errors="replace")) if isinstance(value, str) else 8)
    return size


def bounded(text: str, fields: Mapping[str, Value], most_bytes: int) -> tuple[str, dict[str, Value]]:
    """Cut text and fields of a line to so many bytes each, the fields together. Fields that don't fit in are left out."""
    kept: dict[str, Value] = {}
    left = most_bytes
    for name, value in fields.items():
        if len(kept) == MOST_FIELDS or left <= 0:
            break
        shown = cut(value, left) if isinstance(value, str) else value
        kept[cut(name, LONGEST_NAME)] = shown
        if shown != value:
            break
        left -= len(shown.encode()) if isinstance(shown, str) else 8
    return cut(text, most_bytes), kept
