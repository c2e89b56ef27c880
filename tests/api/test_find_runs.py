"""Runs are found by graph, status and time, in pages that a cursor joins."""

from typing import Any

import pytest

from api.service import Space, node_class, one
from exosphere_core import api
from exosphere_worker.outcome import Failed


def pages(space: Space, **query: Any) -> list[str]:
    """The ids of all runs that are found, page by page."""
    found: list[str] = []
    while True:
        page = space.ok(api.FIND_RUNS, query=query)
        assert page["count"] == len(page["runs"]) <= query.get("limit", 100)
        found += [run["run_id"] for run in page["runs"]]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


@pytest.fixture
def runs(space: Space) -> list[str]:
    """A success, a failure and a pending run of the graph `g`, then a pending one of `h`; newest last."""
    space.register(node_class("A"))
    space.graph(space.node("a"), retry_policy={"max_retries": 0})
    space.graph(space.node("a"), name="h")
    made = [space.trigger()]
    space.do("A", one(v="1"))
    made.append(space.trigger())
    space.do("A", Failed("no luck"))
    for run in made:
        space.wait(run)
    return [*made, space.trigger(), space.trigger("h")]


def test_runs_are_found_by_graph_and_status(space: Space, runs: list[str]) -> None:
    success, failed, pending, other = runs
    assert pages(space) == pages(space, limit=1) == [other, pending, failed, success]
    assert pages(space, graph_name="g") == [pending, failed, success]
    assert pages(space, status="FAILED") == [failed]
    assert pages(space, status=["PENDING", "SUCCESS"], limit=2) == [other, pending, success]
    assert pages(space, status="PENDING", graph_name="h") == [other]
    assert pages(space, status="CANCELLED") == []


def test_times_of_creation_limit_what_is_found_and_both_ends_count(space: Space, runs: list[str]) -> None:
    summaries = space.ok(api.FIND_RUNS)["runs"]
    for first in range(len(summaries)):
        for last in range(first, len(summaries)):
            newest, oldest = summaries[first]["created_at"], summaries[last]["created_at"]
            expected = [run["run_id"] for run in summaries if oldest <= run["created_at"] <= newest]
            assert pages(space, created_after=oldest, created_before=newest) == expected
    assert pages(space, created_after="2999-01-01T00:00:00Z") == []
    assert pages(space, created_before="1901-01-01T00:00:00+02:00") == []


def test_a_found_run_reads_as_in_the_list_of_runs(space: Space, runs: list[str]) -> None:
    assert space.ok(api.FIND_RUNS)["runs"] == space.ok(api.LIST_RUNS, page=1, size=10)["runs"]


def test_an_answer_says_how_much_was_looked_at_and_how_far_back(space: Space, runs: list[str]) -> None:
    summaries = space.ok(api.FIND_RUNS)["runs"]
    page = space.ok(api.FIND_RUNS, query={"status": "FAILED", "limit": 1})
    assert (page["namespace"], page["count"], page["looked_at_count"]) == (space.name, 1, 3)
    assert page["reached_at"] == summaries[2]["created_at"]
    empty = space.ok(api.FIND_RUNS, namespace=f"{space.name}-empty")
    assert (empty["runs"], empty["looked_at_count"], empty["reached_at"], empty["next_cursor"]) == ([], 0, None, None)


def test_a_cursor_goes_on_after_a_run_that_is_gone(space: Space, runs: list[str]) -> None:
    first = space.ok(api.FIND_RUNS, query={"limit": 2})
    moment, _, run = first["next_cursor"].partition("_")
    assert run == runs[2]
    gone = f"{moment}_{'f' * 8}{run[8:]}"
    assert pages(space, cursor=gone) == [runs[2], *reversed(runs[:2])]


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"cursor": "x"}, 400, "cursor: 'x' is none of this list"),
        ({"cursor": "-1_" + "0" * 32}, 400, "is none of this list"),
        ({"cursor": "1_" + "0" * 32 + "\n"}, 400, "is none of this list"),
        ({"graph_name": "a b"}, 400, "graph_name"),
        ({"status": "GONE"}, 422, "status"),
        ({"limit": 1001}, 422, "limit"),
        ({"limit": 0}, 422, "limit"),
        ({"created_after": "yesterday"}, 422, "created_after"),
        ({"created_after": "2026-01-31T09:00:00"}, 422, "created_after"),
        ({"created_before": "1769817600"}, 422, "created_before: Value error, must be text, as in 2026-"),
    ],
)
def test_what_is_no_filter_is_refused_by_name(space: Space, query: dict[str, Any], status: int, said: str) -> None:
    assert said in space.refused(status, api.FIND_RUNS, query=query)
