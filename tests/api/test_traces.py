"""The trace that a call brings along is carried by its run, and costs those nothing that bring none."""

from typing import Any

import pytest
from redis import Redis

from api.service import Space, many, one
from exosphere_core import api
from exosphere_core.keys import ShardKeys
from exosphere_core.records import Task, decode_task
from otel.drawn import drawing, ids

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def traced(space: Space, given: str = GIVEN, **headers: str) -> str:
    run: str = space.ok(api.TRIGGER, {}, headers={"traceparent": given, **headers})["run_id"]
    return run


def tasks(space: Space, run: str) -> dict[str, list[bytes]]:
    """Of all states of a run, by identifier: their tasks as they are kept."""
    keys = ShardKeys(space.name)
    found: dict[str, list[bytes]] = {}
    with Redis.from_url(space.service.redis_url) as redis:
        for state in redis.lrange(keys.states(run), 0, -1):
            kept = redis.hget(keys.state(state.decode()), "task")
            found.setdefault(decode_task(kept).identifier, []).append(kept)
    return found


def test_every_state_of_a_run_is_delivered_with_the_trace_of_its_trigger(space: Space) -> None:
    space.register(*[{"name": name, "inputs_schema": {}, "outputs_schema": {}, "secrets": []} for name in "ABC"])
    space.graph(
        {**space.node("a", "b"), "node_name": "A"},
        {**space.node("b", "c"), "node_name": "B"},
        {**space.node("c"), "node_name": "C", "unites": {"identifier": "a"}},
        retry_policy={"max_retries": 1, "strategy": "FIXED", "backoff_factor": 1},
    )
    run = traced(space)
    space.do("A", many("1", "2"))
    assert space.take("B").task.trace == GIVEN
    kept = tasks(space, run)
    assert {name: len(of) for name, of in kept.items()} == {"a": 2, "b": 2}
    assert {decode_task(each).trace for of in kept.values() for each in of} == {GIVEN}


def test_the_next_step_of_a_chain_carries_it_on(space: Space) -> None:
    space.chain()
    traced(space)
    assert space.do("First", one(v="1")).task.trace == GIVEN
    assert space.take("Second").task.trace == GIVEN


@pytest.mark.parametrize(
    "given", ["", "x", GIVEN + "x", GIVEN.upper(), "9" * 4000], ids=["empty", "short", "long", "capitals", "huge"]
)
def test_a_malformed_one_counts_as_none(space: Space, given: str) -> None:
    space.chain()
    traced(space, given)
    assert space.take("First").task.trace == ""


def test_a_run_without_one_keeps_and_delivers_no_byte_of_it(space: Space) -> None:
    space.chain()
    run = space.trigger()
    held = space.do("First", one(v="1"))
    assert (held.task.trace, space.take("Second").task.trace) == ("", "")
    assert b"trace" not in b"".join(each for of in tasks(space, run).values() for each in of)


def test_a_repeat_with_the_same_key_leaves_the_trace_of_the_run_as_it_is(space: Space) -> None:
    space.chain()
    key = {api.IDEMPOTENCY_KEY_HEADER: "once"}
    assert traced(space, GIVEN, **key) == traced(space, OTHER, **key)
    assert space.take("First").task.trace == GIVEN


def test_a_client_over_plain_http_is_told_of_it(space: Space) -> None:
    space.chain()
    traced(space)
    space.trigger()
    asked: dict[str, Any] = {"nodes": ["First"], "batch_size": 5}
    told = space.ok(api.ENQUEUE_STATES, asked)["states"]
    assert [state["traceparent"] for state in told] == [GIVEN, None]


def test_a_rerun_is_a_run_of_its_own_that_begins_a_trace_where_spans_are_drawn(space: Space) -> None:
    space.chain()
    run = traced(space)
    space.do("First", one(v="1"))
    space.do("Second", one(v="2"))
    space.wait(run)
    with drawing() as drawn:
        again = space.ok(api.RERUN, {}, run_id=run)["run_id"]
        made = drawn.one("run g")
    trace = space.take("First").task.trace
    assert (made.attributes or {})["exosphere.run_id"] == again
    assert trace.startswith(f"00-{'-'.join(ids(made))}-")
    assert trace != GIVEN


def test_a_task_of_before_is_read_as_one_without_a_trace() -> None:
    assert decode_task(b'{"run":"r","home":"h","graph":"g","version":1,"identifier":"i","node":"N","namespace":"h"}') == Task(
        "r", "h", "g", 1, "i", "N", "h"
    )  # fmt: skip
