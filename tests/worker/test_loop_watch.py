"""An event loop that stands still is noticed from outside, with what blocks it."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable

import pytest

from exosphere_worker import loop_watch
from exosphere_worker.loop_watch import LoopWatch, blocked_loop_limit_s
from exosphere_worker.vitals import Vitals


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_watch, "_LOOK_S", 0.05)
    monkeypatch.setattr(loop_watch, "WARN_S", 0.2)


def blocked_until(happened: Callable[[], bool]) -> None:
    """What users should not write: it keeps the event loop from running."""
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def watched(happened: Callable[[], bool], vitals: Vitals, limit_s: float | None, on_limit: Callable[[], None]) -> None:
    async def node() -> None:
        blocked_until(happened)

    async def scene() -> None:
        watch = LoopWatch(asyncio.get_running_loop(), vitals, limit_s, on_limit)
        watch.start()
        await asyncio.create_task(node(), name="node Slow (state s)")
        async with asyncio.timeout(20):
            while vitals.blocked[0]:
                await asyncio.sleep(0.01)
        watch.stop()

    asyncio.run(scene())


def never() -> None:
    raise AssertionError("given up")


def test_a_blocked_loop_is_told_once_with_the_task_and_the_line_and_so_is_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    vitals = Vitals()
    with caplog.at_level(logging.WARNING):
        watched(lambda: vitals.blocked[0] > 0.5, vitals, None, never)
    first, last = (record.getMessage() for record in caplog.records)
    assert first.startswith("node Slow (state s) has blocked the event loop for 0.2 s")
    assert "in blocked_until" in first
    assert last.startswith("the event loop runs again")
    assert vitals.blocked == (0.0, "")
    assert vitals.stalls == 1


def test_past_the_limit_the_leases_are_given_up_once() -> None:
    vitals = Vitals()
    calls: list[int] = []
    watched(lambda: vitals.blocked[0] > 0.6, vitals, 0.4, lambda: calls.append(threading.get_ident()))
    assert len(calls) == 1
    assert calls[0] != threading.get_ident()


def test_a_loop_that_runs_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        watch = LoopWatch(asyncio.get_running_loop(), Vitals(), 0.3, never)
        watch.start()
        for _ in range(100):
            await asyncio.sleep(0.01)
        watch.stop()

    with caplog.at_level(logging.WARNING):
        asyncio.run(scene())
    assert not caplog.records


@pytest.mark.parametrize(("text", "limit"), [("", 600.0), ("0", None), ("1500", 1.5)])
def test_the_limit_is_a_setting(text: str, limit: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXOSPHERE_BLOCKED_LOOP_MS", text)
    assert blocked_loop_limit_s() == limit


def test_a_limit_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXOSPHERE_BLOCKED_LOOP_MS", "-1")
    with pytest.raises(
        ValueError, match="EXOSPHERE_BLOCKED_LOOP_MS must be a whole number of ms, 0 for no limit, not '-1'"
    ):
        blocked_loop_limit_s()
