"""Figures of a namespace: how attempts ended, by the minute and by node."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from api.service import Space, eventually, node_class, one
from exosphere_core import api
from exosphere_worker.outcome import Failed


def sums(space: Space) -> dict[str, int]:
    """How many attempts ended how, over all minutes."""
    minutes = space.ok(api.GET_FIGURES)["minutes"]
    return {how: sum(minute[how] for minute in minutes) for how in ("succeeded", "errored", "retried", "pruned")}


def test_what_ended_is_counted_by_the_minute_and_by_node(space: Space) -> None:
    space.register(node_class("A"), node_class("B"))
    retried = {"max_retries": 1, "strategy": "FIXED", "backoff_factor": 1}
    space.graph(space.node("a", "b"), space.node("b"), retry_policy=retried)
    run = space.trigger()
    space.report(space.take("A"), one(v="1"), by="rt-1", ran="1000")
    space.do("B", Failed("once"))
    space.do("B", Failed("for good", retryable=False))
    space.wait(run)
    expected = {"succeeded": 1, "errored": 1, "retried": 1, "pruned": 0}
    eventually("all of it is counted", lambda: sums(space) == expected)
    told = space.ok(api.GET_FIGURES)
    first, second = told["nodes"]
    assert 900 <= first.pop("ran_p50_ms") == first.pop("ran_p95_ms") <= 1100
    assert first == {"node_name": "A", "succeeded": 1, "errored": 0, "retried": 0, "pruned": 0}
    assert second == {
        "node_name": "B", "succeeded": 0, "errored": 1, "retried": 1, "pruned": 0, "ran_p50_ms": None,
        "ran_p95_ms": None,
    }  # fmt: skip


def moments(answer: dict[str, Any]) -> list[datetime]:
    return [datetime.fromisoformat(minute["at"]) for minute in answer["minutes"]]


@pytest.mark.parametrize("minutes", [1, 2, 60])
def test_there_is_one_entry_for_each_minute_up_to_the_one_that_is_under_way(space: Space, minutes: int) -> None:
    told = space.ok(api.GET_FIGURES, query={"minutes": minutes})
    found = moments(told)
    assert len(found) == minutes
    assert all(later - earlier == timedelta(minutes=1) for earlier, later in pairwise(found))
    assert found[-1] <= datetime.fromisoformat(told["now"]) < found[-1] + timedelta(minutes=1)
    assert told["nodes"] == []


@pytest.mark.parametrize("minutes", [0, 61, "all"])
def test_other_spans_are_refused(space: Space, minutes: object) -> None:
    assert "minutes" in space.refused(422, api.GET_FIGURES, query={"minutes": minutes})
