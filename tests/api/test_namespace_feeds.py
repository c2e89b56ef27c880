"""What those who watch a namespace are told of its runs, and how rates come from counters."""

import asyncio
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest

from exosphere_core import api
from exosphere_orchestrator.figures import Ended, minute_of
from exosphere_orchestrator.http import namespace_feeds
from exosphere_orchestrator.http.namespace_feeds import Feed, Watch
from exosphere_orchestrator.http.sampler import Counted, Sample, rates

NOON = 1_800_000_000_000
UNUSED: Any = Mock()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.001)


def feed_of(*watches: Watch) -> Feed:
    """A feed that is subscribed to; everybody was told to begin."""
    feed = Feed(UNUSED, "ns", 1, NOON)
    for watch in watches:
        feed.add(watch)
        assert not watch.waiting, "the subscription does not hold yet"
    feed.told(None)
    for watch in watches:
        assert [event.event for event in watch.waiting] == ["begin"]
        watch.waiting.clear()
    return feed


def events(watch: Watch) -> list[api.NamespaceEventBody]:
    found = list(watch.waiting)
    watch.waiting.clear()
    return found


def test_runs_are_collected_for_a_moment_and_each_is_told_of_once_as_it_stands_then() -> None:
    async def scene() -> None:
        one, other = Watch("ns"), Watch("ns")
        feed = feed_of(one, other)
        for message in (b"r1 PENDING g", b"r2 PENDING a.b-c", b"r1 SUCCESS g"):
            feed.told(message)
        assert not one.waiting
        await until(lambda: one.waiting)
        (told,) = events(one)
        assert told.count == 2
        assert told.model_dump()["runs"] == [
            {"run_id": "r2", "graph_name": "a.b-c", "status": "PENDING"},
            {"run_id": "r1", "graph_name": "g", "status": "SUCCESS"},
        ]
        assert told.at.startswith("2027-01-15T08:00:0")
        assert events(other) == [told]
        feed.told(b"r1 FAILED g")
        await until(lambda: one.waiting)
        assert [run.status for run in events(one)[0].runs or ()] == ["FAILED"]

    asyncio.run(scene())


def test_of_very_many_runs_the_newest_are_named_and_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespace_feeds, "_MOST_COLLECTED", 400)

    async def scene() -> None:
        watch = Watch("ns")
        feed = feed_of(watch)
        for number in range(650):
            feed.told(f"r{number} PENDING g".encode())
        # Those that there is no room for are not waited with.
        (first,) = events(watch)
        await until(lambda: watch.waiting)
        (second,) = events(watch)
        assert (first.count, second.count) == (400, 250)
        assert [run.run_id for run in first.runs or ()] == [f"r{number}" for number in range(300, 400)]
        assert [run.run_id for run in second.runs or ()] == [f"r{number}" for number in range(550, 650)]

    asyncio.run(scene())


def test_whoever_may_have_missed_something_begins_anew_with_the_figures_of_now() -> None:
    async def scene() -> None:
        watch, late = Watch("ns"), Watch("ns")
        feed = feed_of(watch)
        feed._sampled(NOON + 1000, Sample(1.5, 0.0, 7, 2))
        (told,) = events(watch)
        assert told.model_dump(exclude_none=True) == {
            "event": "figures", "at": "2027-01-15T08:00:01.000Z", "succeeded_per_s": 1.5, "failed_per_s": 0.0,
            "depth": 7, "running": 2,
        }  # fmt: skip
        feed.told(b"r1 PENDING g")
        feed.told(None)
        assert [event.event for event in events(watch)] == ["begin", "figures"]
        feed.add(late)
        assert [event.event for event in events(late)] == ["begin", "figures"]
        feed.told(b"r2 PENDING g")
        await until(lambda: watch.waiting)
        assert [run.run_id for run in events(watch)[0].runs or ()] == ["r2"]

    asyncio.run(scene())


def test_one_who_does_not_read_begins_anew_and_the_others_miss_nothing() -> None:
    async def scene() -> None:
        slow, quick = Watch("ns"), Watch("ns")
        feed = feed_of(slow, quick)
        read = 0
        for number in range(150):
            feed._sampled(NOON + number, Sample(float(number), 0.0, 0, 0))
            read += len(events(quick))
        assert read == 150
        assert len(slow.waiting) < 100
        assert slow.waiting[0].event == "begin"
        assert slow.waiting[-1].succeeded_per_s == 149

    asyncio.run(scene())


def counted(now: int, **minutes: int) -> Counted:
    """`before` and `last` successes, and `errored` and `retried` of the last minute, at a time after NOON, in ms."""
    last = minute_of(NOON + now)
    rest = {Ended.ERRORED: minutes.get("errored", 0), Ended.RETRIED: minutes.get("retried", 0), Ended.PRUNED: 9}
    nothing = dict.fromkeys(Ended, 0)
    return Counted(
        NOON + now,
        {
            last - 1: nothing | {Ended.SUCCEEDED: minutes.get("before", 0)},
            last: rest | {Ended.SUCCEEDED: minutes.get("last", 0)},
        },
    )


def test_rates_are_what_was_added_since_the_look_before() -> None:
    before = counted(10_000, before=100, last=50, errored=1)
    now = counted(12_000, before=104, last=60, errored=2, retried=3)
    assert rates(before, now) == (7.0, 2.0)
    assert rates(before, counted(12_000, before=100, last=50, errored=1)) == (0.0, 0.0)


def test_a_new_minute_counts_from_its_beginning_and_an_old_one_is_not_counted_again() -> None:
    before = counted(59_000, before=100, last=50)
    assert rates(before, counted(61_000, before=56, last=4)) == (5.0, 0.0)
    # Nobody looked for a while: what was not seen is not told as if it were now.
    assert rates(before, counted(299_000, before=240, last=240)) == (2.0, 0.0)


def test_the_first_look_tells_the_mean_of_the_minutes_that_it_sees() -> None:
    assert rates(None, counted(30_000, before=60, last=30, retried=9)) == (1.0, 0.1)


def test_counters_that_were_lost_give_no_rate_below_zero() -> None:
    assert rates(counted(10_000, last=500), counted(12_000)) == (0.0, 0.0)
