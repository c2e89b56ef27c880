"""Runtimes over plain HTTP: what is refused, with which status and words, and that nothing is changed by it."""

import time
from typing import Any

import pytest
from httpx import Response

from api.polled import State, details, enqueue_one, executed
from api.service import Service, Space, node_class, one, path_of
from api.steered import statuses
from exosphere_core import api
from exosphere_core.api import Row

#: Each report with a body that is right.
REPORTS: list[tuple[Row, dict[str, Any]]] = [
    (api.STATE_EXECUTED, {"outputs": [{"v": "1"}]}),
    (api.STATE_ERRORED, {"error": "boom"}),
    (api.PRUNE_STATE, {"data": {"why": "enough"}}),
    (api.RE_ENQUEUE_STATE, {"enqueue_after": 60_000}),
]
every_report = pytest.mark.parametrize(("row", "body"), REPORTS, ids=[row.name for row, _ in REPORTS])


@every_report
def test_a_report_counts_once(space: Space, row: Row, body: dict[str, Any]) -> None:
    space.chain()
    space.trigger()
    first = enqueue_one(space, "First")
    space.ok(row, body, state_id=first["state_id"])
    for again, other in REPORTS:
        detail = space.refused(400, again, other, state_id=first["state_id"])
        assert detail.startswith(f"state {first['state_id']} is not QUEUED: it is ")


@every_report
def test_a_state_that_nobody_took_or_that_does_not_exist_is_not_reported(
    service: Service, space: Space, row: Row, body: dict[str, Any]
) -> None:
    space.chain()
    run = space.trigger()
    (root,) = space.ok(api.GET_STRUCTURE, run_id=run)["root_states"]
    state_id = root["id"]
    assert f"{state_id} is not QUEUED: it is CREATED" in space.refused(400, row, body, state_id=state_id)
    unknown = f"{'0' * 28}{state_id[-4:]}"
    assert space.refused(404, row, body, state_id=unknown) == f"namespace {space.name!r} has no state {unknown!r}"
    assert "has no state 'none'" in space.refused(404, row, body, state_id="none")
    enqueue_one(space, "First")
    other = Space(service, f"{space.name}-other")
    other.register(node_class("First"))
    assert "has no state" in other.refused(404, row, body, state_id=state_id)
    assert statuses(space, run) == {"first": ["QUEUED"]}


def test_a_cancelled_state_is_not_reported(space: Space) -> None:
    space.chain()
    run = space.trigger()
    first = enqueue_one(space, "First")
    space.ok(api.CANCEL_RUN, run_id=run)
    detail = space.refused(400, api.STATE_EXECUTED, {"outputs": []}, state_id=first["state_id"])
    assert detail == f"state {first['state_id']} is not QUEUED: it is CANCELLED"


@pytest.mark.parametrize(
    ("row", "body", "status", "detail"),
    [
        (api.STATE_EXECUTED, {}, 422, "outputs: Field required"),
        (api.STATE_EXECUTED, {"outputs": {"v": "1"}}, 422, "outputs: Input should be a valid list"),
        (api.STATE_EXECUTED, {"outputs": [{"v": "1"}, {"v": 1}]}, 422, "outputs.1.v: Input should be a valid string"),
        (api.STATE_EXECUTED, {"outputs": [None]}, 422, "outputs.0: Input should be a valid dictionary"),
        (api.STATE_EXECUTED, {"outputs": [], "attempt": 0}, 422, "attempt: Input should be greater than"),
        (api.STATE_ERRORED, {"error": None}, 422, "error: Input should be a valid string"),
        (api.PRUNE_STATE, {"data": "text"}, 422, "data: Input should be a valid dictionary"),
        (api.RE_ENQUEUE_STATE, {"enqueue_after": 0}, 422, "enqueue_after: Input should be greater than 0"),
        (api.RE_ENQUEUE_STATE, {"enqueue_after": 10**15}, 422, "enqueue_after: Input should be less than"),
        (api.ENQUEUE_STATES, {"nodes": ["A"], "batch_size": 0}, 422, "batch_size: Input should be greater than"),
        (api.ENQUEUE_STATES, {"nodes": ["A"] * 1001, "batch_size": 1}, 422, "nodes: List should have at most 1000"),
        (api.ENQUEUE_STATES, {"nodes": ["A", "b:{c"], "batch_size": 1}, 400, "nodes.1 'b:{c' is not allowed"),
    ],
)
def test_a_body_that_is_wrong_is_refused_with_the_field_and_the_state_stays_as_it_is(
    space: Space, row: Row, body: dict[str, Any], status: int, detail: str
) -> None:
    space.chain()
    space.trigger()
    first = enqueue_one(space, "First")
    assert detail in space.refused(status, row, body, state_id=first["state_id"])
    assert details(space, first)["status"] == "QUEUED"


def prune_with(space: Space, state: State, data: str) -> Response:
    """The call with data that `json` would not write."""
    path = path_of(api.PRUNE_STATE, namespace=space.name, state_id=state["state_id"])
    return space.service.http.post(path, content=f'{{"data": {data}}}', headers={"content-type": "application/json"})


def test_data_that_could_not_be_read_again_is_refused(space: Space) -> None:
    space.chain()
    space.trigger()
    first = enqueue_one(space, "First")
    answer = prune_with(space, first, '{"n": 1e999}')
    assert answer.status_code == 422
    assert "the number 1e999 is too large" in answer.json()["detail"]
    # The body around the data is a level, and the list in it another.
    for depth in (200_000, 99):
        answer = prune_with(space, first, '{"d":' * depth + "[1]" + "}" * depth)
        assert answer.status_code == 422
        assert answer.json()["detail"].endswith("nested too deeply; the limit is 100 (EXOSPHERE_MAX_JSON_DEPTH)")
    answer = prune_with(space, first, '{"d":' * 98 + "[1]" + "}" * 98)
    assert answer.status_code == 200, answer.text
    kept = details(space, first)["data"]
    for _ in range(98):
        kept = kept["d"]
    assert kept == [1]


def test_what_a_stream_runtime_holds_is_not_reported_by_http(space: Space) -> None:
    space.chain()
    space.trigger()
    held = space.take("First")
    detail = space.refused(400, api.STATE_EXECUTED, {"outputs": []}, state_id=held.state)
    assert detail.endswith("a runtime that reads the queue has it")
    space.report(held, one(v="1"))
    assert space.take("Second").inputs == b'{"y":"got 1"}'


def test_more_outputs_or_larger_ones_than_the_limits_allow_are_refused_and_the_state_can_still_be_reported(
    redis_url: str,
) -> None:
    with Service(redis_url, max_fan_out=3, max_report_bytes=1024) as service:
        space = Space(service, f"limits-{time.monotonic_ns()}")
        space.chain()
        space.trigger()
        state = enqueue_one(space, "First")
        detail = space.refused(413, api.STATE_EXECUTED, {"outputs": [{}] * 4}, state_id=state["state_id"])
        assert detail == "outputs has 4 entries; the limit is 3 branches of one state (EXOSPHERE_MAX_FAN_OUT)"
        large = "x" * 2000
        for row, body, field in (
            (api.STATE_EXECUTED, {"outputs": [{"v": large}]}, "outputs"),
            (api.STATE_ERRORED, {"error": large}, "error"),
            (api.PRUNE_STATE, {"data": {"v": large}}, "data"),
        ):
            detail = space.refused(413, row, body, state_id=state["state_id"])
            assert detail.startswith(f"{field} has 20")
            assert detail.endswith("the limit is 1024 (EXOSPHERE_MAX_REPORT_BYTES)")
        executed(space, state, {"v": "1"})
