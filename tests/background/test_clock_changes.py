"""Three replicas walk through both changes of the clocks of two time zones, minute by minute."""

import asyncio
from collections import Counter

import pytest

from background.desk import Desk, Lane
from background.wall_clock import MINUTE_MS, dues, ms
from exosphere_core.ids import run_id_for
from exosphere_orchestrator.background.cron import fire_due_schedules

PARIS = "Europe/Paris"
NEW_YORK = "America/New_York"

EXPRESSIONS = {
    "twice_an_hour": "*/30 * * * *",
    "in_the_gap": "30 2 * * *",
    "all_through_the_gap": "*/20 2 * * *",
    "some_hours": "0,45 1-3 * * *",
    "every_other_hour": "15 */2 * * *",
    "sundays": "59 1 * * 0",
    "workdays": "0 3 * * 1-5",
}
ZONES = {"paris": PARIS, "new_york": NEW_YORK}
CHANGES = {
    "New York goes forward": ms("2025-03-09 02:00", NEW_YORK),
    "Paris goes forward": ms("2025-03-30 02:00", PARIS),
    "Paris goes back": ms("2025-10-26 03:00", PARIS),
    "New York goes back": ms("2025-11-02 01:00-05:00"),
}
#: The walk begins so long before a change and ends so long after it.
AROUND_MS = 150 * MINUTE_MS


def expected(change: int) -> dict[str, list[int]]:
    """Schedule → when it must fire in the walk around a change."""
    found = {
        f"{name}-{place}/0": dues(expression, zone, change - AROUND_MS, change + AROUND_MS)
        for name, expression in EXPRESSIONS.items()
        for place, zone in ZONES.items()
    }
    return {member: times for member, times in found.items() if times}


@pytest.mark.parametrize("change", CHANGES.values(), ids=[name.replace(" ", "-") for name in CHANGES])
def test_over_a_change_of_the_clocks_each_due_time_fires_once(lane: Lane, change: int) -> None:
    times = expected(change)
    assert len(times) >= 6, "the walk meets little"

    async def scene(desk: Desk) -> None:
        await desk.register()
        for member, (first, *_) in times.items():
            name = member.removesuffix("/0")
            expression, _, place = name.rpartition("-")
            await desk.graph(EXPRESSIONS[expression], name=name, zone=ZONES[place])
            await desk.set_due(member, first)
        replicas = [desk.another() for _ in range(3)]
        for minute in range(change - AROUND_MS, change + AROUND_MS + 1, MINUTE_MS):
            # A sweep that comes too early, one that is on time, and now and then only the one half a minute later.
            for desk.moment in (minute - 1, minute) if minute % (7 * MINUTE_MS) else (minute + 30_000,):
                await asyncio.gather(*(fire_due_schedules(jobs) for jobs in replicas))
        runs = Counter(run.id for run in await desk.runs())
        wanted = {
            run_id_for(0, "cron", "ns", member, str(due)): (member, due)
            for member, moments in times.items()
            for due in moments
        }
        assert {wanted.get(run, run) for run in runs} == set(wanted.values())
        assert sum(runs.values()) == len(wanted)
        for member, moments in times.items():
            firings = await desk.firings(member.removesuffix("/0"))
            assert [firing.due_at for firing in reversed(firings)] == moments
            assert all(firing.run_id for firing in firings)
            assert all(0 <= firing.fired_at - (firing.due_at or 0) <= 30_000 for firing in firings)

    lane.run(scene)
