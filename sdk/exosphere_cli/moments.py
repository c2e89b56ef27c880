"""Times and durations on the command line."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import click

_MS: Final = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 24 * 3_600_000}
_DURATION: Final = re.compile(r"(\d{1,6})([smhd])")


def milliseconds(text: str) -> int | None:
    """Read a duration such as 90s, 15m, 12h or 30d, in ms; None where the text is none, or nothing long."""
    found = _DURATION.fullmatch(text)
    return int(found[1]) * _MS[found[2]] or None if found else None


def duration(text: str) -> int:
    """For `type`: a duration, in ms.

    Raises:
        click.BadParameter: the text is none.
    """
    found = milliseconds(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no time; write it as 90s, 15m, 12h or 30d")
    return found


def moment(text: str) -> str:
    """For `type`: a point in time, ISO 8601 with a zone or how long ago, as the HTTP API takes it.

    Raises:
        click.BadParameter: the text is none.
    """
    if (ago := milliseconds(text)) is not None:
        return (datetime.now(UTC) - timedelta(milliseconds=ago)).isoformat()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise click.BadParameter(
            f"{text!r} is no point in time; write it as 2026-01-31T09:00:00Z, or how long ago: 90s, 15m, 12h, 30d"
        )
    return found.isoformat()
