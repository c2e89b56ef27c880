"""Running a run again from a node."""

import json
from typing import Any

import pytest

from api.service import Service, Space, many, node_class, one
from api.steered import counts, failed_chain, fan, half_failed, state
from exosphere_core import api
from exosphere_core.keys import ShardKeys


def test_a_rerun_takes_over_what_lies_before_and_both_runs_name_each_other(space: Space) -> None:
    run, held = failed_chain(space)
    before = space.ok(api.GET_RUN, run_id=run)
    answer = space.ok(api.RERUN, {"identifier": "second"}, run_id=run)
    new = answer["run_id"]
    assert answer == {"status": "CREATED", "run_id": new, "rerun_of": run}
    assert new != run
    again = space.do("Second", one(v="2"))
    assert (again.task.run, again.inputs) == (new, held.inputs)
    ended = space.wait(new)
    assert (ended["status"], counts(ended)) == ("SUCCESS", {"success": 2, "total": 2})
    assert (ended["rerun_of"], ended["reruns"], ended["version"]) == (run, [], 1)
    nodes = {node["identifier"]: node["id"] for node in space.ok(api.GET_STRUCTURE, run_id=new)["nodes"]}
    taken_over = state(space, new, nodes["first"])
    assert (taken_over["inputs"], taken_over["outputs"]) == ({"x": "mine"}, {"v": "1"})
    assert space.ok(api.GET_RUN, run_id=run) == {**before, "reruns": [new]}
    assert space.ok(api.LIST_RUNS, page=1, size=10)["total"] == 2


def test_a_rerun_without_a_place_begins_at_the_root(space: Space) -> None:
    run, held = failed_chain(space)
    space.ok(api.RERUN, {}, run_id=run)
    first = space.take("First")
    assert (json.loads(first.inputs), first.task.run == run) == ({"x": "mine"}, False)
    assert held.task.run == run


def test_a_rerun_may_begin_with_other_inputs_and_another_store(space: Space) -> None:
    space.register(node_class("A", ("x", "y")), node_class("B", ("z",)))
    space.graph(
        space.node("a", "b", inputs={"x": "1", "y": "2"}),
        space.node("b", inputs={"z": "${{ store.k }}"}),
        store_config={"default_values": {"k": "default", "other": "kept"}},
    )
    run = space.trigger(store={"k": "old"})
    space.do("A", one(v="1"))
    space.do("B", one(v="2"))
    space.wait(run)
    literal = "${{ store.k }}"
    new = space.ok(api.RERUN, {"identifier": "a", "inputs": {"x": literal}, "store": {"k": "new"}}, run_id=run)[
        "run_id"
    ]
    assert json.loads(space.do("A", one(v="1")).inputs) == {"x": literal, "y": "2"}
    assert json.loads(space.do("B", one(v="2")).inputs) == {"z": "new"}
    assert space.wait(new)["store"] == {"k": "new", "other": "kept"}
    assert space.ok(api.GET_RUN, run_id=run)["store"] == {"k": "old", "other": "kept"}


def test_a_rerun_from_one_state_takes_the_other_branches_over(space: Space) -> None:
    run, broken = half_failed(space)
    space.ok(api.RETRY_RUN, run_id=run)
    for name in "bd":
        space.do("Work", one(v=name))
    space.do("All", one(v="all"))
    assert space.wait(run)["status"] == "SUCCESS"
    # The first state of a chain that was retried stands for the whole chain.
    new = space.ok(api.RERUN, {"state_id": broken[0].state, "inputs": {"y": "22"}}, run_id=run)["run_id"]
    held = space.do("Work", one(v="B"))
    assert (held.task.run, json.loads(held.inputs)) == (new, {"y": "22"})
    assert json.loads(space.do("All", one(v="all")).inputs) == {"ys": '["a","B","c","d"]'}
    assert counts(space.wait(new)) == {"success": 9, "total": 9}


def test_a_rerun_keeps_the_version_of_the_run_that_it_was_made_from(space: Space) -> None:
    run, _ = failed_chain(space)
    space.graph(space.node("first", inputs={"x": "of version 2"}))
    new = space.ok(api.RERUN, {"identifier": "second"}, run_id=run)["run_id"]
    space.do("Second", one(v="2"))
    assert space.wait(new)["version"] == 1
    assert space.ok(api.GET_GRAPH)["version"] == 2


def test_a_run_that_is_under_way_or_cancelled_can_be_run_again(space: Space) -> None:
    space.chain()
    run = space.trigger()
    space.take("First")
    space.ok(api.RERUN, {}, run_id=run)
    space.do("First", one(v="1"))
    space.ok(api.CANCEL_RUN, run_id=run)
    new = space.ok(api.RERUN, {}, run_id=run)["run_id"]
    reruns = space.ok(api.GET_RUN, run_id=run)["reruns"]
    assert (len(reruns), reruns[-1]) == (2, new)


def test_a_run_names_its_newest_hundred_reruns(space: Space) -> None:
    space.register(node_class("A"))
    space.graph(space.node("a"))
    run = space.trigger()
    earlier = [f"run-{number}" for number in range(100)]
    key = ShardKeys(space.name).reruns(run)
    space.service.with_redis(lambda redis: redis.rpush(key, *earlier))
    new = space.ok(api.RERUN, {}, run_id=run)["run_id"]
    assert space.ok(api.GET_RUN, run_id=run)["reruns"] == [*earlier[1:], new]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"identifier": "third"}, "identifier: graph 'g' has no node 'third'; it has first, second"),
        ({"identifier": ""}, "identifier: graph 'g' has no node ''; it has first, second"),
        ({"inputs": {"y": "1"}}, "inputs: node 'first' has no input 'y'; it has x"),
        (
            {"identifier": "second", "inputs": {"x": "1", "b": "2"}},
            "inputs: node 'second' has no input 'x', 'b'; it has y",
        ),
        (
            {"store": {"a.b": "1"}},
            "store key 'a.b' is not allowed: use 1 to 128 of letters, digits, '_' and '-', "
            "beginning with a letter, digit or '_'",
        ),
    ],
)
def test_a_rerun_that_can_not_be_is_refused_with_what_there_is(space: Space, body: dict[str, Any], detail: str) -> None:
    run, _ = failed_chain(space)
    assert space.refused(400, api.RERUN, body, run_id=run) == detail
    assert space.ok(api.GET_RUN, run_id=run)["reruns"] == []


def test_a_rerun_from_a_state_that_is_not_a_place_to_begin_is_refused(space: Space) -> None:
    fan(space)
    run, other = space.trigger(), space.trigger()
    held = space.do("Spread", many("1", "2"))
    worked = space.do("Work", one(v="a"))
    nodes = space.ok(api.GET_STRUCTURE, run_id=held.task.run)["nodes"]
    (sibling,) = {node["id"] for node in nodes if node["identifier"] == "spread"} - {held.state}
    (elsewhere,) = {run, other} - {held.task.run}

    def refusal(status: int, of: str, **body: str) -> str:
        return space.refused(status, api.RERUN, body, run_id=of)

    assert refusal(404, elsewhere, state_id=worked.state) == f"run {elsewhere} has no state '{worked.state}'"
    assert refusal(404, elsewhere, state_id="nonsense") == f"run {elsewhere} has no state 'nonsense'"
    assert refusal(400, held.task.run, state_id=worked.state, identifier="all") == (
        f"state {worked.state} is one of 'work', not of 'all'; give one of the two"
    )
    assert refusal(400, held.task.run, state_id=sibling) == (
        f"state {sibling} only keeps output 1 of a fan-out; give the state that was executed, or the identifier"
    )


@pytest.mark.parametrize(
    ("body", "begins"),
    [
        (None, "the body must be a JSON object"), ([], "the body must be a JSON object"),
        ({"identifier": 5}, "identifier: "), ({"state_id": ["s"]}, "state_id: "),
        ({"inputs": {"x": 5}}, "inputs.x: "), ({"inputs": ["x"]}, "inputs: "), ({"store": {"k": None}}, "store.k: "),
        ({"node": "first"}, "node: "),
    ],
)  # fmt: skip
def test_a_rerun_of_another_form_is_refused_with_the_field(space: Space, body: Any, begins: str) -> None:
    assert space.refused(422, api.RERUN, body, run_id="any").startswith(begins)


def test_inputs_of_a_rerun_that_are_too_large_are_refused_with_limit_and_size(redis_url: str) -> None:
    with Service(redis_url, max_value_bytes=1024) as service:
        space = Space(service, "small")
        run, _ = failed_chain(space)
        detail = space.refused(400, api.RERUN, {"inputs": {"x": "x" * 2000}}, run_id=run)
        assert detail == "inputs of 'first' are 2008 bytes of JSON; the limit is 1024 (EXOSPHERE_MAX_VALUE_BYTES)"
        assert space.ok(api.GET_RUN, run_id=run)["reruns"] == []
