"""Cron schedules: whether they are valid, when they are due, which due times fire. Pure; the time is passed in."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter
from croniter.croniter import CroniterError

from exosphere_core.graph.model import CatchupEnum, CronTrigger, TriggerModel

#: The most triggers that a graph may have.
MAX_TRIGGERS: Final = 100

#: The longest cron expression, in characters.
LONGEST_EXPRESSION: Final = 256

#: A due time that is dealt with later than this was missed, in ms. Schedules are looked at when a minute begins and
#: half a minute later, so that a look that was lost with its replica makes nothing late; two lost looks do.
GRACE_MS: Final = 60_000

#: What croniter would draw by lot or by hash: H, R, R(0-10), R/5.
_RANDOM = re.compile(r"(^|[ ,])[hr]($|[ ,(/])", re.IGNORECASE)

_FIELDS = "its fields are minute 0-59, hour 0-23, day of month 1-31, month 1-12, day of week 0-7"


def schedule_errors(triggers: Sequence[TriggerModel]) -> list[str]:
    """Return what is wrong with the expressions and time zones of a graph's triggers."""
    errors = []
    if len(triggers) > MAX_TRIGGERS:
        errors.append(f"triggers: the graph has {len(triggers)} triggers; the limit is {MAX_TRIGGERS}")
    for index, trigger in enumerate(triggers):
        cron = trigger.value
        if len(cron.expression) > LONGEST_EXPRESSION:
            errors.append(
                f"triggers[{index}]: cron expression has {len(cron.expression)} characters; the limit is {LONGEST_EXPRESSION}"
            )
            continue
        try:
            if not croniter.is_valid(cron.expression):
                croniter(cron.expression)
        except (CroniterError, ValueError) as bad:
            errors.append(f"triggers[{index}]: cron expression {cron.expression!r} can't be read: {bad}; {_FIELDS}")
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


class Changed(NamedTuple):
    """What a new version of a graph means for its schedules, by index of the trigger."""

    #: Schedules that end.
    old: list[int]
    #: Schedules that begin.
    new: list[int]


def changed(before: Sequence[TriggerModel], after: Sequence[TriggerModel]) -> Changed:
    """Compare the triggers of two versions. One with the same expression and time zone in the same place goes on."""

    def moments(triggers: Sequence[TriggerModel]) -> dict[int, tuple[str, str]]:
        return {index: (trigger.value.expression, trigger.value.timezone) for index, trigger in enumerate(triggers)}

    known, wanted = moments(before), moments(after)
    return Changed(
        [index for index in known if wanted.get(index) != known[index]],
        [index for index in wanted if known.get(index) != wanted[index]],
    )


class Skipped(NamedTuple):
    """Due times that do not fire."""

    #: unix ms
    first: int
    #: unix ms
    last: int
    reason: str


class Verdict(NamedTuple):
    """What becomes of the due times that have come."""

    #: Those that fire, in unix ms, the oldest first.
    fires: list[int]
    skipped: Skipped | None

    @property
    def newest(self) -> int:
        """The newest due time that this is about, in unix ms."""
        return self.fires[-1] if self.fires or not self.skipped else self.skipped.last


def judge(cron: CronTrigger, first_ms: int, now_ms: int, most: int) -> Verdict:
    """Tell which of the due times from `first_ms` to `now_ms` fire, by the schedule's catch-up policy.

    Args:
        first_ms: the due time that has waited longest.
        most: how many may fire at once where all do.
    """
    if cron.catchup is CatchupEnum.ALL:
        reason = f"missed: of those that catch up, only the newest {most} fire (EXOSPHERE_MAX_CATCHUP)"
    elif cron.catchup is CatchupEnum.LATEST:
        most, reason = 1, "missed: only the latest missed time fires (catchup is 'latest')"
    else:
        most, reason = 1, "missed: nothing is caught up with (catchup is 'none')"
    newest = _newest(cron, first_ms, now_ms, most + 1)
    fires, left_out = newest[:most], newest[most:]
    if cron.catchup is CatchupEnum.NONE and now_ms - fires[0] > GRACE_MS:
        fires, left_out = [], fires
    return Verdict(fires[::-1], Skipped(first_ms, left_out[0], reason) if left_out else None)


def next_due(cron: CronTrigger, after_ms: int) -> int | None:
    """Return the first due time after a moment, in unix ms; None when it never comes (such as 30 February).

    When clocks go back, an hour strikes twice: an expression that names hours is due the first time only, one that
    runs every hour both times. When they go forward, what falls into the missing hour is due at its end.
    """
    return next(_following(cron, after_ms), None)


def _following(cron: CronTrigger, after_ms: int) -> Iterator[int]:
    zone = ZoneInfo(cron.timezone)
    times = croniter(cron.expression, datetime.fromtimestamp(after_ms / 1000, zone))
    names_hours = times.expanded[1] != ["*"]
    while True:
        try:
            due: datetime = times.get_next(datetime)
        except CroniterError:
            return
        moment = due.timestamp()
        if not (names_hours and datetime.fromtimestamp(moment, zone).fold):
            yield round(moment * 1000)


def _newest(cron: CronTrigger, first_ms: int, now_ms: int, most: int) -> list[int]:
    """Return the last due times that are not after now, the newest first; `first_ms` is the first that counts."""
    found: list[int] = []
    until_ms = now_ms + 1
    while len(found) < most and until_ms > first_ms:
        start_ms = max(first_ms, _some_before(cron, until_ms))
        # What lies between is asked for forwards: backwards, croniter leaps over times in some zones' changes.
        passed = []
        for due in _following(cron, start_ms - 1):
            if due >= until_ms:
                break
            passed.append(due)
        found += reversed(passed)
        until_ms = start_ms
    # Where the time zone's rules changed, what was due may not be any more; it still counts.
    return found[:most] or [first_ms]


def _some_before(cron: CronTrigger, until_ms: int) -> int:
    """Return a due time shortly before a moment, in unix ms, or 0."""
    # Whole seconds, rounded up: get_prev looks strictly before.
    times = croniter(cron.expression, datetime.fromtimestamp(-(-until_ms // 1000), ZoneInfo(cron.timezone)))
    try:
        due: datetime = times.get_prev(datetime)
    except CroniterError:
        return 0
    return round(due.timestamp() * 1000)
