"""When a cron expression is due, told the slow way: every minute is looked at on the clock on the wall of its zone.

Shares nothing with the code under test but the rules: a minute that clocks skip is made up for at the end of the
gap, a minute that strikes twice counts once, and neither concerns an expression that runs every hour.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE_MS = 60_000
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def ms(moment: str, zone: str = "UTC") -> int:
    """Unix ms of a moment such as `2025-03-30 01:30`; with an offset, the zone does not matter."""
    read = datetime.fromisoformat(moment)
    return int((read if read.tzinfo else read.replace(tzinfo=ZoneInfo(zone))).timestamp() * 1000)


def dues(expression: str, zone: str, first_ms: int, last_ms: int) -> list[int]:
    """The due times from one whole minute to another, both included, unix ms."""
    place = ZoneInfo(zone)
    fields = expression.split()
    every_hour = _values(fields[1], *_RANGES[1]) == set(range(24))
    due = []
    before = datetime.fromtimestamp(first_ms / 1000, place).replace(tzinfo=None) - timedelta(minutes=1)
    for moment in range(first_ms, last_ms + 1, MINUTE_MS):
        here = datetime.fromtimestamp(moment / 1000, place)
        on_the_wall = here.replace(tzinfo=None)
        skipped = before + timedelta(minutes=1)
        strikes = False
        while skipped < on_the_wall:
            strikes |= not every_hour and _names(fields, skipped)
            skipped += timedelta(minutes=1)
        if strikes or (_names(fields, on_the_wall) and (every_hour or not here.fold)):
            due.append(moment)
        before = on_the_wall
    return due


def _names(fields: list[str], moment: datetime) -> bool:
    minute, hour, day, month, weekday = (
        _values(text, low, high) for text, (low, high) in zip(fields, _RANGES, strict=True)
    )
    on_day, on_weekday = moment.day in day, bool({moment.isoweekday(), moment.isoweekday() % 7} & weekday)
    # Cron's oldest rule: where both name days, one of them is enough.
    right_day = on_day or on_weekday if fields[2] != "*" and fields[4] != "*" else on_day and on_weekday
    return moment.minute in minute and moment.hour in hour and moment.month in month and right_day


def _values(text: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
        found |= set(range(int(first), int(last or first) + 1, int(step or 1)))
    return found
