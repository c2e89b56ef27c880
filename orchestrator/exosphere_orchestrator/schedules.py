"""Cron expressions: whether they are valid, and when they are due. Pure; the time is passed in."""

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter
from croniter.croniter import CroniterError

from exosphere_core.graph.model import CronTrigger, TriggerModel

#: What croniter would draw by lot or by hash: H, R, R(0-10), R/5.
_RANDOM = re.compile(r"(^|[ ,])[hr]($|[ ,(/])", re.IGNORECASE)


def schedule_errors(triggers: Sequence[TriggerModel]) -> list[str]:
    """Return what is wrong with the expressions and time zones of a graph's triggers."""
    errors = []
    for index, trigger in enumerate(triggers):
        cron = trigger.value
        try:
            if not croniter.is_valid(cron.expression):
                croniter(cron.expression)
        except (CroniterError, ValueError) as bad:
            errors.append(f"triggers[{index}]: cron expression {cron.expression!r} can't be read: {bad}")
        else:
            if _RANDOM.search(cron.expression):
                errors.append(
                    f"triggers[{index}]: cron expression {cron.expression!r} is drawn by lot; "
                    "use numbers in place of H and R"
                )
        try:
            ZoneInfo(cron.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            errors.append(
                f"triggers[{index}]: time zone {cron.timezone!r} is unknown; use an IANA name such as 'Europe/Paris'"
            )
    return errors


def next_due(cron: CronTrigger, after_ms: int) -> int | None:
    """Return the first due time after a moment, in unix ms; None when it never comes (such as 30 February).

    When clocks go back, an hour strikes twice: an expression that names hours is due the first time only, one that
    runs every hour both times. When they go forward, what falls into the missing hour is due at its end.
    """
    zone = ZoneInfo(cron.timezone)
    times = croniter(cron.expression, datetime.fromtimestamp(after_ms / 1000, zone))
    while True:
        try:
            following: datetime = times.get_next(datetime)
        except CroniterError:
            return None
        if not _strikes_again(cron, following, zone):
            return round(following.timestamp() * 1000)


def latest_due(cron: CronTrigger, first_ms: int, now_ms: int) -> int:
    """Return the last due time that is not after now; `first_ms` is one that is not."""
    zone = ZoneInfo(cron.timezone)
    # One second on: get_prev looks strictly before, and a due time that is now counts.
    times = croniter(cron.expression, datetime.fromtimestamp(now_ms // 1000 + 1, zone))
    while True:
        try:
            latest: datetime = times.get_prev(datetime)
        except CroniterError:
            return first_ms
        if not _strikes_again(cron, latest, zone):
            return max(first_ms, round(latest.timestamp() * 1000))


def _strikes_again(cron: CronTrigger, moment: datetime, zone: ZoneInfo) -> bool:
    """Whether a time of day that the expression names comes for the second time, because clocks went back."""
    hours = cron.expression.split()[1]
    return not hours.startswith("*") and bool(datetime.fromtimestamp(moment.timestamp(), zone).fold)


def member_of(graph: str, index: int) -> str:
    """The name of a schedule: its graph and the trigger's place in it."""
    return f"{graph}/{index}"
