"""When cron expressions are due: in their time zone, over both changes of the clocks. Time is passed in."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from background import wall_clock
from background.wall_clock import ms
from exosphere_core.graph.model import CatchupEnum, CronTrigger, TriggerModel
from exosphere_orchestrator.schedules import changed, judge, next_due, schedule_errors

PARIS = "Europe/Paris"
NEW_YORK = "America/New_York"
HOUR_MS = 3_600_000


def dues(expression: str, zone: str, after: str, count: int) -> list[str]:
    """The due times that follow a moment, as local time with offset."""
    cron = CronTrigger(expression=expression, timezone=zone)
    found, now = [], ms(after, zone)
    for _ in range(count):
        following = next_due(cron, now)
        assert following is not None
        found.append(datetime.fromtimestamp(following / 1000, ZoneInfo(zone)).strftime("%m-%d %H:%M%z"))
        now = following
    return found


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        # Clocks go forward: the working day begins at 9 o'clock, before and after.
        ("0 9 * * *", PARIS, "2025-03-29", ["03-29 09:00+0100", "03-30 09:00+0200", "03-31 09:00+0200"]),
        ("0 9 * * *", NEW_YORK, "2025-03-08", ["03-08 09:00-0500", "03-09 09:00-0400", "03-10 09:00-0400"]),
        # What falls into the hour that is missing comes at its end.
        ("30 2 * * *", PARIS, "2025-03-29", ["03-29 02:30+0100", "03-30 03:00+0200", "03-31 02:30+0200"]),
        ("30 2 * * *", NEW_YORK, "2025-03-08", ["03-08 02:30-0500", "03-09 03:00-0400", "03-10 02:30-0400"]),
        # Every hour is every hour that there is.
        ("0 * * * *", PARIS, "2025-03-30", ["03-30 01:00+0100", "03-30 03:00+0200", "03-30 04:00+0200"]),
        ("0 * * * *", NEW_YORK, "2025-03-09", ["03-09 01:00-0500", "03-09 03:00-0400", "03-09 04:00-0400"]),
        # Clocks go back: 9 o'clock again.
        ("0 9 * * *", PARIS, "2025-10-25", ["10-25 09:00+0200", "10-26 09:00+0100", "10-27 09:00+0100"]),
        ("0 9 * * *", NEW_YORK, "2025-11-01", ["11-01 09:00-0400", "11-02 09:00-0500", "11-03 09:00-0500"]),
        # A time of day that comes twice is due once, the first time.
        ("30 2 * * *", PARIS, "2025-10-25", ["10-25 02:30+0200", "10-26 02:30+0200", "10-27 02:30+0100"]),
        ("30 1 * * *", NEW_YORK, "2025-11-01", ["11-01 01:30-0400", "11-02 01:30-0400", "11-03 01:30-0500"]),
        ("0,30 1-3 * * *", NEW_YORK, "2025-11-02", ["11-02 01:00-0400", "11-02 01:30-0400", "11-02 02:00-0500"]),
        # Every hour, and every half hour, go on through the hour that comes twice.
        ("0 * * * *", PARIS, "2025-10-26 01:30", ["10-26 02:00+0200", "10-26 02:00+0100", "10-26 03:00+0100"]),
        ("*/30 * * * *", NEW_YORK, "2025-11-02 01:00", ["11-02 01:30-0400", "11-02 01:00-0500", "11-02 01:30-0500"]),
        # UTC knows no change, and a zone of today stays what it is at midnight and month's end.
        ("30 2 * * *", "UTC", "2025-03-29", ["03-29 02:30+0000", "03-30 02:30+0000", "03-31 02:30+0000"]),
        ("0 0 1 * *", PARIS, "2025-03-15", ["04-01 00:00+0200", "05-01 00:00+0200", "06-01 00:00+0200"]),
        ("0 9 * * 1-5", "UTC", "2025-03-28 10:00", ["03-31 09:00+0000", "04-01 09:00+0000", "04-02 09:00+0000"]),
        ("0 0 29 2 *", "UTC", "2025-01-01", ["02-29 00:00+0000"]),
    ],
)
def test_the_due_times_that_follow(expression: str, zone: str, after: str, expected: list[str]) -> None:
    assert dues(expression, zone, after, len(expected)) == expected


def test_a_due_time_is_strictly_after_the_moment_that_is_asked_about() -> None:
    cron = CronTrigger(expression="* * * * *")
    noon = ms("2025-01-01 12:00")
    assert next_due(cron, noon) == noon + 60_000
    assert next_due(cron, noon - 1) == noon


def test_a_day_that_never_comes_is_never_due() -> None:
    assert next_due(CronTrigger(expression="0 0 30 2 *"), ms("2025-01-01")) is None


@pytest.mark.parametrize(
    ("expression", "zone", "first", "now", "expected"),
    [
        ("0 * * * *", "UTC", "2025-01-01 03:00", "2025-01-01 03:00", "2025-01-01 03:00+00:00"),
        ("0 * * * *", "UTC", "2025-01-01 03:00", "2025-01-01 07:59:59", "2025-01-01 07:00+00:00"),
        ("0 * * * *", "UTC", "2025-01-01 03:00", "2025-01-01 08:00", "2025-01-01 08:00+00:00"),
        # A time that the expression does not name any more still counts when none of its own came since.
        ("0 0 1 1 *", "UTC", "2025-03-03 03:03", "2025-04-01", "2025-03-03 03:03+00:00"),
        ("0 9 * * *", PARIS, "2025-03-29 09:00", "2025-03-30 08:59", "2025-03-29 09:00+01:00"),
        ("0 9 * * *", PARIS, "2025-03-29 09:00", "2025-03-30 09:00", "2025-03-30 09:00+02:00"),
        ("0 9 * * *", PARIS, "2025-10-25 09:00", "2025-10-26 09:00", "2025-10-26 09:00+01:00"),
        ("30 2 * * *", PARIS, "2025-10-25 02:30", "2025-10-26 02:45+01:00", "2025-10-26 02:30+02:00"),
        ("30 2 * * *", PARIS, "2025-03-29 02:30", "2025-03-30 12:00", "2025-03-30 03:00+02:00"),
        ("0 * * * *", NEW_YORK, "2025-11-02 00:00", "2025-11-02 01:30-05:00", "2025-11-02 01:00-05:00"),
        ("30 1 * * *", NEW_YORK, "2025-11-01 01:30", "2025-11-02 03:00", "2025-11-02 01:30-04:00"),
    ],
)
def test_after_downtime_the_latest_due_time_counts(
    expression: str, zone: str, first: str, now: str, expected: str
) -> None:
    cron = CronTrigger(expression=expression, timezone=zone)
    verdict = judge(cron, ms(first, zone), ms(now, zone), 1)
    assert verdict.fires == [ms(expected)]
    assert verdict.newest == ms(expected)
    assert (verdict.skipped is None) == (ms(first, zone) == ms(expected))


ZONES = ["UTC", PARIS, NEW_YORK, "Australia/Lord_Howe", "America/Havana", "Asia/Kolkata"]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "expression",
    ["0 * * * *", "*/30 * * * *", "30 2 * * *", "*/7 1,2 * * *", "0 */2 * * *", "15 0,3 * * *", "30 0-23 * * 0", "5 1 26 10 0"],
)  # fmt: skip
def test_due_times_are_those_of_the_clock_on_the_wall(expression: str, zone: str) -> None:
    for change in ("2025-03-09", "2025-03-30", "2025-04-06", "2025-10-05", "2025-10-26", "2025-11-02"):
        first, last = ms(f"{change} 00:00", zone) - 6 * HOUR_MS, ms(f"{change} 00:00", zone) + 12 * HOUR_MS
        wanted = wall_clock.dues(expression, zone, first, last)
        cron = CronTrigger(expression=expression, timezone=zone, catchup=CatchupEnum.ALL)
        found, after = [], first - 1
        while (due := next_due(cron, after)) and due <= last:
            found.append(due)
            after = due
        assert found == wanted, "asked for one after the other"
        assert judge(cron, wanted[0] if wanted else last, last, 1000).fires == (wanted or [last]), "looked back at"


def test_the_newest_missed_times_fire_and_the_rest_is_told_as_a_span() -> None:
    first, now = ms("2025-01-01 00:00"), ms("2025-03-01 00:00")
    cron = CronTrigger(expression="* * * * *", catchup=CatchupEnum.ALL)
    verdict = judge(cron, first, now, 100)
    assert verdict.fires == [now - ago * 60_000 for ago in range(99, -1, -1)]
    assert verdict.skipped is not None
    assert (verdict.skipped.first, verdict.skipped.last) == (first, now - 100 * 60_000)


def test_a_trigger_that_stays_where_it_is_goes_on_whatever_its_policy() -> None:
    def triggers(*expressions: str, **more: CatchupEnum) -> list[TriggerModel]:
        return [TriggerModel(type="CRON", value=CronTrigger(expression=one, **more)) for one in expressions]

    assert changed([], triggers("0 1 * * *", "0 2 * * *")) == ([], [0, 1])
    assert changed(triggers("0 1 * * *", "0 2 * * *"), []) == ([0, 1], [])
    before = triggers("0 1 * * *", "0 2 * * *", "0 3 * * *")
    assert changed(before, triggers("0 1 * * *", "0 2 * * *", "0 3 * * *", catchup=CatchupEnum.NONE)) == ([], [])
    assert changed(before, triggers("0 1 * * *", "0 3 * * *")) == ([1, 2], [1])
    other_zone = [TriggerModel(type="CRON", value=CronTrigger(expression="0 1 * * *", timezone=PARIS))]
    assert changed(before[:1], other_zone) == ([0], [0])


def errors_of(expression: str, zone: str = "UTC") -> list[str]:
    value = CronTrigger(expression=expression, timezone=zone)
    return schedule_errors([TriggerModel(type="CRON", value=value)])


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("61 * * * *", "out of range"),
        ("0 25 * * *", "out of range"),
        ("0 0 0 * *", "out of range"),
        ("* * * 13 *", "out of range"),
        ("* * * * 8", "out of range"),
        ("*/0 * * * *", "step '0' in field 0 is not acceptable"),
        ("a b c d e", "is not acceptable"),
        ("? * * * *", "Question mark"),
        ("H * * * *", "H"),
    ],
)
def test_an_expression_that_can_not_be_read_is_named_with_the_reason(expression: str, why: str) -> None:
    (error,) = errors_of(expression)
    assert error.startswith(f"triggers[0]: cron expression {expression!r} can't be read: ")
    assert why in error


@pytest.mark.parametrize("expression", ["R * * * *", "0 R(1-5) * * *", "0 r/5 * * *"])
def test_an_expression_that_is_drawn_by_lot_is_refused(expression: str) -> None:
    (error,) = errors_of(expression)
    assert "is drawn by lot" in error


@pytest.mark.parametrize("expression", ["0 9 * * MON-FRI", "*/5 0-6,12 1,15 * *", "0 0 30 2 *", "0 0 L * *"])
def test_good_expressions_have_no_errors(expression: str) -> None:
    assert errors_of(expression) == []


@pytest.mark.parametrize(
    "zone", ["Mars/Phobos", "", "europe/nowhere", "../etc/passwd", "/etc/passwd", "Europe", "a\0b"]
)
def test_an_unknown_time_zone_is_named(zone: str) -> None:
    assert errors_of("0 9 * * *", zone) == [
        f"triggers[0]: time zone {zone!r} is unknown; use an IANA name such as 'Europe/Paris'"
    ]


def test_all_errors_of_all_triggers_are_told_with_their_place() -> None:
    triggers = [
        TriggerModel(type="CRON", value=CronTrigger(expression="0 9 * * *")),
        TriggerModel(type="CRON", value=CronTrigger(expression="99 9 * * *", timezone="Nowhere")),
        TriggerModel(type="CRON", value=CronTrigger(expression="0 9 * * *", timezone="Else")),
    ]
    assert [error.split(":")[0] for error in schedule_errors(triggers)] == ["triggers[1]", "triggers[1]", "triggers[2]"]
