"""The states of a run are listed in pages, filtered, in order of creation."""

from typing import Any

import pytest

from api.service import Space, eventually, many, node_class, one
from exosphere_core import api
from exosphere_worker.outcome import Failed


def pages(space: Space, run: str, **query: Any) -> list[dict[str, Any]]:
    """All states of a list, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        page = space.ok(api.LIST_STATES, run_id=run, query=query)
        assert page["count"] == len(page["states"]) <= query.get("limit", 100)
        found += page["states"]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


@pytest.fixture
def run(space: Space) -> str:
    """A root with five branches: one runs, one failed, three wait."""
    space.register(node_class("Root"), node_class("Leaf", ("x",)))
    space.graph(
        space.node("root", "leaf"),
        space.node("leaf", inputs={"x": "${{ root.outputs.v }}"}),
        retry_policy={"max_retries": 0},
    )
    started = space.trigger()
    space.do("Root", many("1", "2", "3", "4", "5"))
    space.do("Leaf", Failed("no luck"))
    space.take("Leaf")
    return started


def eventually_failed(space: Space, run: str) -> list[dict[str, Any]]:
    eventually("the failed state is listed", lambda: pages(space, run, status="ERRORED"))
    return pages(space, run, status="ERRORED")


def test_pages_hold_every_state_once(space: Space, run: str) -> None:
    whole = pages(space, run)
    assert len(whole) == 10
    assert whole[0]["identifier"] == "root"
    assert [state["id"] for state in pages(space, run, limit=3)] == [state["id"] for state in whole]


def test_states_are_found_by_status_and_node(space: Space, run: str) -> None:
    (failed,) = eventually_failed(space, run)
    assert (failed["identifier"], failed["node_name"], failed["error"]) == ("leaf", "Leaf", "no luck")
    assert [state["identifier"] for state in pages(space, run, status="QUEUED")] == ["leaf"]
    assert len(pages(space, run, status="CREATED")) == 3
    assert len(pages(space, run, status=["CREATED", "QUEUED"], limit=1)) == 4
    assert len(pages(space, run, identifier="root")) == 5
    assert pages(space, run, identifier="root", status="ERRORED") == []
    assert pages(space, run, identifier="nobody") == []


def test_a_page_says_what_details_of_the_state_say(space: Space, run: str) -> None:
    eventually_failed(space, run)
    for state in pages(space, run):
        details = space.ok(api.GET_STATE, run_id=run, state_id=state["id"])
        assert {name: details[name] for name in state} == state


def test_few_among_many_are_found_a_bounded_part_at_a_time(
    space: Space, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exosphere_core.store.state_pages._MOST_LOOKED_AT", 2)
    monkeypatch.setattr("exosphere_core.store.state_pages.PAGE", 2)
    eventually_failed(space, run)
    first = space.ok(api.LIST_STATES, run_id=run, query={"status": "ERRORED"})
    assert (first["states"], first["next_cursor"]) == ([], "2")
    assert len(pages(space, run, status="ERRORED")) == 1


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"identifier": "a.b"}, "identifier"),
        ({"cursor": "x"}, "cursor: 'x' is none of this list"),
        ({"cursor": "-1"}, "cursor: '-1' is none of this list"),
    ],
)
def test_what_is_no_filter_is_refused_by_name(space: Space, run: str, query: dict[str, str], said: str) -> None:
    assert said in space.refused(400, api.LIST_STATES, run_id=run, query=query)


def test_a_limit_out_of_range_and_an_unknown_run_are_refused(space: Space, run: str) -> None:
    space.refused(422, api.LIST_STATES, run_id=run, query={"limit": 1001})
    assert "status" in space.refused(422, api.LIST_STATES, run_id=run, query={"status": "GONE"})
    space.refused(404, api.LIST_STATES, run_id="0" * 8 + run[8:])


def test_a_run_that_moves_on_shows_new_states_at_the_end(space: Space) -> None:
    space.chain()
    run = space.trigger()
    assert [state["identifier"] for state in pages(space, run)] == ["first"]
    space.do("First", one(v="1"))
    space.do("Second", one(v="2"))
    space.wait(run)
    assert [state["identifier"] for state in pages(space, run, cursor="1")] == ["second"]
