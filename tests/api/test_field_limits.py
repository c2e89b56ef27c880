"""Limits on number and size of fields: each is named with its setting and the size that came, and nothing is changed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis as BlockingRedis

from api.polled import enqueue_one
from api.service import Service, Space, node_class, one
from api.test_schedules import cron
from exosphere_core import api
from exosphere_worker.outcome import Failed, Succeeded

LIMITS = {"max_fields": 3, "max_store_keys": 2, "max_store_bytes": 1024, "max_error_bytes": 256, "max_nodes": 3}
SCHEMA = {"type": "object", "properties": {name: {"type": "string"} for name in "wxyz"}}
FOUR = dict.fromkeys("wxyz", "1")


@pytest.fixture(scope="module")
def narrow(redis_url: str) -> Iterator[Space]:
    """A namespace whose state manager has small limits, with the graph `g`."""
    with BlockingRedis.from_url(redis_url) as redis:
        redis.flushall()
    with Service(redis_url, **LIMITS) as service:
        space = Space(service, "narrow")
        space.register(node_class("A", ("x",)))
        space.graph(space.node("a", inputs={"x": "1"}))
        yield space


def taken(space: Space) -> str:
    """A state that a client has."""
    space.trigger()
    state: str = enqueue_one(space, "A")["state_id"]
    return state


def cancelled(space: Space) -> str:
    """A run that waits for nobody."""
    run = space.trigger()
    space.ok(api.CANCEL_RUN, run_id=run)
    return run


def graph(space: Space, **more: Any) -> tuple[Any, dict[str, Any]]:
    return {"nodes": [space.node("a")], **more}, {"graph_name": "other"}


REGISTER = {"runtime_name": "rt"}
CASES: dict[str, tuple[api.Row, int, Callable[[Space], tuple[Any, dict[str, Any]]], str]] = {
    "inputs of a trigger": (
        api.TRIGGER, 413, lambda space: ({"inputs": FOUR}, {}),
        "inputs has 4 fields; the limit is 3 (EXOSPHERE_MAX_FIELDS)",
    ),
    "store keys of a trigger": (
        api.TRIGGER, 413, lambda space: ({"store": {"a": "", "b": "", "c": ""}}, {}),
        "store has 3 keys; the limit is 2 (EXOSPHERE_MAX_STORE_KEYS)",
    ),
    "store values of a trigger": (
        api.TRIGGER, 413, lambda space: ({"store": {"a": "ü" * 512}}, {}),
        "store has 1025 bytes; the limit is 1024 (EXOSPHERE_MAX_STORE_BYTES)",
    ),
    "store keys of a rerun": (
        api.RERUN, 413, lambda space: ({"store": {"a": "", "b": "", "c": ""}}, {"run_id": cancelled(space)}),
        "store has 3 keys; the limit is 2 (EXOSPHERE_MAX_STORE_KEYS)",
    ),
    "inputs of a node": (
        api.UPSERT_GRAPH, 400, lambda space: graph(space, nodes=[space.node("a", inputs=FOUR)]),
        "node 'a' has 4 inputs; the limit is 3 (EXOSPHERE_MAX_FIELDS)",
    ),
    "secrets of a graph": (
        api.UPSERT_GRAPH, 400, lambda space: graph(space, secrets=FOUR),
        "secrets: the graph has 4 secrets; the limit is 3 (EXOSPHERE_MAX_FIELDS)",
    ),
    "default values of a store": (
        api.UPSERT_GRAPH, 400, lambda space: graph(space, store_config={"default_values": FOUR}),
        "store_config.default_values has 4 keys; the limit is 2 (EXOSPHERE_MAX_STORE_KEYS)",
    ),
    "required keys of a store": (
        api.UPSERT_GRAPH, 400, lambda space: graph(space, store_config={"required_keys": list("abc")}),
        "store_config.required_keys has 3 keys; the limit is 2 (EXOSPHERE_MAX_STORE_KEYS)",
    ),
    "a cron expression": (
        api.UPSERT_GRAPH, 400, lambda space: graph(space, triggers=[cron("0," * 200 + "0 * * * *")]),
        "triggers[0]: cron expression has 409 characters; the limit is 256",
    ),
    "nodes of a registration": (
        api.REGISTER_NODES, 400, lambda space: ({**REGISTER, "nodes": [node_class(name) for name in "ABCD"]}, {}),
        "nodes has 4 entries; the limit is 3 (EXOSPHERE_MAX_NODES)",
    ),
    "fields of a schema": (
        api.REGISTER_NODES, 400, lambda space: ({**REGISTER, "nodes": [{**node_class("B"), "outputs_schema": SCHEMA}]}, {}),
        "node 'B': outputs_schema has 4 fields; the limit is 3 (EXOSPHERE_MAX_FIELDS)",
    ),
    "secrets of a node": (
        api.REGISTER_NODES, 400, lambda space: ({**REGISTER, "nodes": [node_class("B", secrets=tuple("abcd"))]}, {}),
        "node 'B' has 4 secrets; the limit is 3 (EXOSPHERE_MAX_FIELDS)",
    ),
    "fields of an output": (
        api.STATE_EXECUTED, 413, lambda space: ({"outputs": [{}, FOUR]}, {"state_id": taken(space)}),
        "outputs has an entry of 4 fields; the limit is 3 (EXOSPHERE_MAX_FIELDS)",
    ),
    "an error text": (
        api.STATE_ERRORED, 413, lambda space: ({"error": "ü" * 129}, {"state_id": taken(space)}),
        "error has 258 bytes; the limit is 256 (EXOSPHERE_MAX_ERROR_BYTES)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_too_much_is_refused_with_limit_size_and_setting(narrow: Space, case: str) -> None:
    row, status, make, told = CASES[case]
    body, path = make(narrow)
    before = narrow.ok(api.LIST_RUNS, page=1, size=1)["total"]
    assert told in narrow.refused(status, row, body, **path)
    assert narrow.ok(api.LIST_RUNS, page=1, size=1)["total"] == before
    assert [node["name"] for node in narrow.ok(api.LIST_NODES)["nodes"]] == ["A"]
    assert [template["name"] for template in narrow.ok(api.LIST_GRAPHS)["templates"]] == ["g"]
    if "state_id" in path:
        narrow.ok(api.STATE_EXECUTED, {"outputs": []}, **path)


def test_what_is_just_within_the_limits_is_taken(narrow: Space) -> None:
    run = narrow.trigger(inputs=dict.fromkeys("xyz", "1"), store={"a": "ü" * 510, "b": "1"})
    state = enqueue_one(narrow, "A")["state_id"]
    narrow.ok(api.STATE_ERRORED, {"error": "ü" * 128}, state_id=state)
    shown = narrow.ok(api.GET_STATE, run_id=run, state_id=state)
    assert shown["error"] == "ü" * 128
    narrow.ok(api.CANCEL_RUN, run_id=run)


def ended(space: Space, outcome: Any) -> dict[str, Any]:
    """A state whose runtime reported through Redis."""
    run = space.trigger()
    state = space.do("A", outcome).state
    space.wait(run)
    return space.ok(api.GET_STATE, run_id=run, state_id=state)


def test_a_runtimes_error_text_that_is_too_long_is_cut_and_says_so(narrow: Space) -> None:
    shown = ended(narrow, Failed("ü" * 1000, retryable=False))
    assert shown["status"] == "ERRORED"
    assert shown["error"] == "ü" * 128 + "\n… cut: it has 2000 bytes; the limit is 256 (EXOSPHERE_MAX_ERROR_BYTES)"


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (one(**FOUR), "'a' gave an output of 4 fields; the limit is 3 (EXOSPHERE_MAX_FIELDS)"),
        (
            Succeeded([{"v": "1"}], fanned_out=False, store={"a": "", "b": "", "c": ""}),
            "what 'a' wrote to the store has 3 keys; the limit is 2 (EXOSPHERE_MAX_STORE_KEYS)",
        ),
    ],
)
def test_what_a_runtime_reports_too_much_of_fails_its_state_with_the_reason(
    narrow: Space, outcome: Succeeded, told: str
) -> None:
    shown = ended(narrow, outcome)
    assert (shown["status"], shown["error"]) == ("NEXT_CREATED_ERROR", told)
