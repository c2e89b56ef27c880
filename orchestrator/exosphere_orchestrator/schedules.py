"""Cron expressions: whether they are valid, and when they are due. Pure; the time is passed in."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter
from croniter.croniter import CroniterError

from exosphere_core.graph.model import CronTrigger, TriggerModel


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
        try:
            ZoneInfo(cron.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            errors.append(
                f"triggers[{index}]: time zone {cron.timezone!r} is unknown; use an IANA name such as 'Europe/Paris'"
            )
    return errors


def next_due(cron: CronTrigger, after_ms: int) -> int | None:
    """Return the first due time after a moment, in unix ms; None when it never comes (such as 30 February)."""
    zone = ZoneInfo(cron.timezone)
    start = datetime.fromtimestamp(after_ms / 1000, zone)
    try:
        following: datetime = croniter(cron.expression, start).get_next(datetime)
    except CroniterError:
        return None
    return round(following.timestamp() * 1000)


def latest_due(cron: CronTrigger, first_ms: int, now_ms: int) -> int:
    """Return the last due time that is not after now; `first_ms` is one that is not."""
    zone = ZoneInfo(cron.timezone)
    # One second on: get_prev looks strictly before, and a due time that is now counts.
    end = datetime.fromtimestamp(now_ms // 1000 + 1, zone)
    try:
        latest: datetime = croniter(cron.expression, end).get_prev(datetime)
    except CroniterError:
        return first_ms
    return max(first_ms, round(latest.timestamp() * 1000))


def member_of(graph: str, index: int) -> str:
    """The name of a schedule: its graph and the trigger's place in it."""
    return f"{graph}/{index}"
