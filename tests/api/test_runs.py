"""Triggering graphs; listing, reading and awaiting runs."""

import json
import threading
from typing import Any

import httpx
import pytest

from api.service import PATIENCE_MS, Space, many, node_class, one
from exosphere_core import api
from exosphere_worker.outcome import Failed, Pruned


def test_a_trigger_answers_the_run_and_starts_it(space: Space) -> None:
    space.chain()
    answer = space.ok(api.TRIGGER, {"inputs": {"x": "mine"}})
    assert answer == {"status": "CREATED", "run_id": answer["run_id"], "ignored_inputs": []}
    assert json.loads(space.take("First").inputs) == {"x": "mine"}


def test_the_inputs_of_a_trigger_are_literal_text_and_those_that_the_root_lacks_are_listed(space: Space) -> None:
    space.chain()
    answer = space.ok(api.TRIGGER, {"inputs": {"x": "${{ store.k }}", "z": "1", "b": "2"}})
    assert answer["ignored_inputs"] == ["b", "z"]
    assert json.loads(space.take("First").inputs) == {"x": "${{ store.k }}"}


def test_an_unknown_graph_cannot_be_triggered(space: Space) -> None:
    assert "'nope'" in space.refused(404, api.TRIGGER, {}, graph_name="nope")
    assert "graph name" in space.refused(400, api.TRIGGER, {}, graph_name="no:pe")


def test_an_invalid_graph_cannot_be_triggered_and_says_why(space: Space) -> None:
    errors = space.graph(space.node("a"))["validation_errors"]
    answer = space.call(api.TRIGGER, {})
    assert answer.status_code == 400
    assert answer.json()["errors"] == errors
    assert errors[0] in answer.json()["detail"]
    assert space.ok(api.LIST_RUNS, page=1, size=10)["total"] == 0


def test_a_required_store_key_that_nobody_gives_is_named(space: Space) -> None:
    space.register(node_class("A"))
    config = {"required_keys": ["cursor", "batch"], "default_values": {"batch": "1"}}
    space.graph(space.node("a"), store_config=config)
    detail = space.refused(400, api.TRIGGER, {"store": {"other": "1"}})
    assert "'cursor'" in detail
    assert "'batch'" not in detail
    assert "store key 'a.b'" in space.refused(400, api.TRIGGER, {"store": {"cursor": "1", "a.b": "2"}})
    run = space.trigger(store={"cursor": "7", "extra": "kept"})
    assert space.ok(api.GET_RUN, run_id=run)["store"] == {"cursor": "7", "batch": "1", "extra": "kept"}


def test_a_root_with_a_start_delay_waits_for_its_time(space: Space) -> None:
    space.chain()
    later, soon = space.trigger(start_delay=3_600_000), space.trigger(start_delay=30)
    assert space.take("First").task.run == soon
    (root,) = space.ok(api.GET_STRUCTURE, run_id=later)["root_states"]
    assert root["status"] == "CREATED"
    state = space.ok(api.GET_STATE, run_id=later, state_id=root["id"])
    assert state["due_at"] > state["created_at"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"inputs": {"x": 5}}, "inputs.x"),
        ({"inputs": ["x"]}, "inputs"),
        ({"store": {"k": None}}, "store.k"),
        ({"start_delay": -1}, "start_delay"),
        ({"start_delay": "soon"}, "start_delay"),
        ({"start_delay": 10**30}, "start_delay"),
        ({"start_delay": True}, "start_delay"),
        ({"start_delay": "5"}, "start_delay"),
        ({"input": {}}, "input"),
    ],
)
def test_a_trigger_of_another_form_is_refused_with_the_field(space: Space, body: dict[str, Any], place: str) -> None:
    space.chain()
    assert space.refused(422, api.TRIGGER, body).startswith(f"{place}: ")
    assert space.ok(api.LIST_RUNS, page=1, size=10)["total"] == 0


def test_runs_are_listed_newest_first_in_pages(space: Space) -> None:
    space.chain()
    runs = [space.trigger() for _ in range(5)]
    pages = [space.ok(api.LIST_RUNS, page=page, size=2) for page in (1, 2, 3, 4)]
    assert [[run["run_id"] for run in page["runs"]] for page in pages] == [
        [runs[4], runs[3]], [runs[2], runs[1]], [runs[0]], [],
    ]  # fmt: skip
    assert [(page["namespace"], page["total"], page["page"], page["size"]) for page in pages] == [
        (space.name, 5, number, 2) for number in (1, 2, 3, 4)
    ]


@pytest.mark.parametrize(
    ("page", "size", "status"),
    [
        (0, 10, 400), (-1, 10, 400), (1, 0, 400), (1, 1001, 400), (10**18, 10, 400), (10**30, 10, 400),
        ("x", 10, 422), (1, "1.5", 422),
    ],
)  # fmt: skip
def test_a_page_that_cannot_be_is_refused_by_name(space: Space, page: object, size: object, status: int) -> None:
    detail = space.refused(status, api.LIST_RUNS, page=page, size=size)
    assert "page" in detail or "size" in detail


def test_the_counts_of_a_run_put_each_status_into_its_class(space: Space) -> None:
    space.register(node_class("Spread"), node_class("Work", ("y",)))
    space.graph(
        space.node("spread", "work"),
        space.node("work", inputs={"y": "${{ spread.outputs.v }}"}),
        retry_policy={"max_retries": 1, "strategy": "FIXED", "backoff_factor": 3_600_000},
    )
    run = space.trigger()
    space.do("Spread", many("1", "2", "3", "4"))
    space.do("Work", one(v="done"))
    space.do("Work", Pruned({}))
    space.do("Work", Failed("boom", retryable=False))
    space.do("Work", Failed("boom", retryable=True))
    expected = {
        "run_id": run, "graph_name": "g", "status": "PENDING", "success_count": 6, "errored_count": 1,
        "retried_count": 1, "pending_count": 1, "cancelled_count": 0, "total_count": 9,
    }  # fmt: skip

    def counts() -> dict[str, Any]:
        (summary,) = space.ok(api.LIST_RUNS, page=1, size=10)["runs"]
        assert summary.pop("created_at").endswith("Z")
        return dict(summary)

    for _ in range(200):
        if counts() == expected:
            break
        space.wait(run, timeout_ms=20)
    assert counts() == expected
    details = space.ok(api.GET_RUN, run_id=run)
    assert details["nodes"] == [
        {"identifier": "spread", "total": 4, "pending": 0, "success": 4, "errored": 0, "retried": 0, "cancelled": 0},
        {"identifier": "work", "total": 5, "pending": 1, "success": 2, "errored": 1, "retried": 1, "cancelled": 0},
    ]


def test_a_run_tells_its_version_store_progress_and_times(space: Space) -> None:
    space.chain()
    run = space.trigger(store={"k": "v"})
    pending = space.ok(api.GET_RUN, run_id=run)
    assert pending["ended_at"] is None
    assert pending["status"] == "PENDING"
    assert pending["nodes"] == [
        {"identifier": "first", "total": 1, "pending": 1, "success": 0, "errored": 0, "retried": 0, "cancelled": 0}
    ]
    space.do("First", one(v="1"))
    space.do("Second", one(v="2"))
    ended = space.wait(run)
    assert ended == space.ok(api.GET_RUN, run_id=run)
    assert (ended["namespace"], ended["version"], ended["store"]) == (space.name, 1, {"k": "v"})
    assert ended["status"] == "SUCCESS"
    assert (ended["success_count"], ended["total_count"]) == (2, 2)
    assert ended["ended_at"] >= ended["created_at"] == pending["created_at"]
    assert (ended["rerun_of"], ended["reruns"]) == (None, [])


@pytest.mark.parametrize("row", [api.GET_RUN, api.WAIT_RUN, api.GET_STRUCTURE], ids=lambda row: row.name)
def test_a_run_that_is_not_of_this_namespace_is_not_found(space: Space, row: api.Row) -> None:
    space.chain()
    run = space.trigger()
    other = Space(space.service, f"{space.name}-other")
    assert repr(other.name) in other.refused(404, row, run_id=run)
    assert "'nonsense'" in space.refused(404, row, run_id="nonsense")
    assert space.call(row, run_id=f"{run[:-4]}0abc").status_code == 404


def test_a_wait_ends_when_the_run_does(space: Space) -> None:
    space.chain()
    run = space.trigger()
    answers: list[httpx.Response] = []

    def wait() -> None:
        query = {"timeout_ms": 60_000}
        answers.append(space.call(api.WAIT_RUN, run_id=run, query=query))

    waiting = threading.Thread(target=wait)
    waiting.start()
    space.do("First", one(v="1"))
    second = space.take("Second")
    assert waiting.is_alive()
    space.report(second, one(v="2"))
    waiting.join(timeout=PATIENCE_MS / 1000)
    assert not waiting.is_alive()
    assert answers[0].json()["status"] == "SUCCESS"


def test_a_wait_that_times_out_gives_the_run_as_it_is(space: Space) -> None:
    space.chain()
    run = space.trigger()
    assert space.wait(run, timeout_ms=20) == space.ok(api.GET_RUN, run_id=run)
    assert space.wait(run, timeout_ms=0)["status"] == "PENDING"


@pytest.mark.parametrize("timeout", ["-1", "60001", "soon"])
def test_a_timeout_that_cannot_be_is_refused_by_name(space: Space, timeout: str) -> None:
    assert "timeout_ms" in space.refused(422, api.WAIT_RUN, run_id="any", query={"timeout_ms": timeout})


def test_a_failed_run_says_so(space: Space) -> None:
    space.chain()
    run = space.trigger()
    space.do("First", Failed("boom", retryable=False))
    ended = space.wait(run)
    assert (ended["status"], ended["errored_count"]) == ("FAILED", 1)
