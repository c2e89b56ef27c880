"""The structure of a run, its states, their secrets, and the store."""

from typing import Any

import pytest

from api.service import Service, Space, many, node_class, one
from exosphere_core import api
from exosphere_worker.outcome import Failed, Pruned


def test_the_structure_shows_each_state_once_with_its_edges_and_a_summary(space: Space) -> None:
    space.register(node_class("Spread"), node_class("Work", ("y",)))
    space.graph(space.node("spread", "work"), space.node("work", inputs={"y": "${{ spread.outputs.v }}"}))
    run = space.trigger()
    space.do("Spread", many("1", "2"))
    space.do("Work", one(v="done"))
    space.do("Work", Failed("boom", retryable=False))
    space.wait(run)
    answer = space.ok(api.GET_STRUCTURE, run_id=run)
    assert answer["graph_name"] == "g"
    (root,) = answer["root_states"]
    assert root in answer["nodes"]
    assert root["identifier"] == "spread"
    assert (answer["node_count"], answer["edge_count"]) == (len(answer["nodes"]), len(answer["edges"])) == (4, 2)
    assert answer["execution_summary"] == {"SUCCESS": 3, "ERRORED": 1}
    nodes = {node["id"]: node for node in answer["nodes"]}
    assert len(nodes) == 4
    for edge in answer["edges"]:
        assert nodes[edge["source"]]["identifier"] == "spread"
        assert nodes[edge["target"]]["identifier"] == "work"
    (errored,) = [node for node in answer["nodes"] if node["status"] == "ERRORED"]
    assert errored == {
        "id": errored["id"], "node_name": "Work", "identifier": "work", "status": "ERRORED", "error": "boom",
    }  # fmt: skip


def test_a_state_tells_its_inputs_outputs_parents_and_times(space: Space) -> None:
    space.chain()
    run = space.trigger()
    space.do("First", one(v="1"))
    space.report(space.take("Second"), one(v="2"), by="host-7-3f", ran="1500")
    space.wait(run)
    first, second = (node["id"] for node in space.ok(api.GET_STRUCTURE, run_id=run)["nodes"])
    answer = space.ok(api.GET_STATE, run_id=run, state_id=second)
    times = [answer.pop("created_at"), answer.pop("updated_at")]
    assert times == sorted(times)
    assert answer == {
        "id": second, "node_name": "Second", "identifier": "second", "graph_name": "g", "run_id": run,
        "status": "SUCCESS", "inputs": {"y": "got 1"}, "outputs": {"v": "2"}, "error": None, "data": None,
        "parents": {"first": first}, "retry_count": 0, "attempt": 1, "due_at": None, "retried_by": None,
        "worker": "host-7-3f", "ran_ms": 1500,
    }  # fmt: skip
    root = space.ok(api.GET_STATE, run_id=run, state_id=first)
    assert (root["parents"], root["worker"], root["ran_ms"]) == ({}, None, None)
    listed = {state["id"]: state for state in space.ok(api.LIST_STATES, run_id=run)["states"]}
    assert (listed[second]["worker"], listed[second]["ran_ms"]) == ("host-7-3f", 1500)


def test_a_state_tells_its_error_and_what_a_prune_carried(space: Space) -> None:
    space.chain()
    failed, pruned = space.trigger(), space.trigger()
    held = space.do("First", Failed("no such file", retryable=False))
    assert held.task.run == failed
    space.wait(failed)
    assert space.ok(api.GET_STATE, run_id=failed, state_id=held.state)["error"] == "no such file"
    held = space.do("First", Pruned({"why": ["old", 3]}))
    space.wait(pruned)
    state = space.ok(api.GET_STATE, run_id=pruned, state_id=held.state)
    assert (state["status"], state["data"]) == ("PRUNED", {"why": ["old", 3]})


def test_a_state_whose_prune_data_was_nested_too_deeply_can_be_read_and_says_so(space: Space) -> None:
    space.chain()
    deep, deeper = space.trigger(), space.trigger()
    for depth in (100, 300):
        data: Any = {}
        for _ in range(depth - 1):
            data = {"a": data}
        held = space.do("First", Pruned(data))
        space.wait(held.task.run)
        state = space.ok(api.GET_STATE, run_id=held.task.run, state_id=held.state)
        if held.task.run == deep:
            assert (state["status"], state["data"]) == ("PRUNED", data)
        else:
            assert held.task.run == deeper
            assert (state["status"], state["data"]) == ("ERRORED", None)
            assert "it is nested too deeply; the limit is 100 (EXOSPHERE_MAX_JSON_DEPTH)" in state["error"]


def test_a_state_that_a_runtime_has_taken_is_queued(space: Space) -> None:
    space.chain()
    run = space.trigger()
    held = space.take("First")
    assert space.ok(api.GET_STATE, run_id=run, state_id=held.state)["status"] == "QUEUED"
    assert space.ok(api.GET_STRUCTURE, run_id=run)["execution_summary"] == {"QUEUED": 1}


def test_a_state_is_found_only_under_its_own_run_graph_and_namespace(service: Service, space: Space) -> None:
    space.chain()
    run, another = space.trigger(), space.trigger()
    state = space.ok(api.GET_STRUCTURE, run_id=run)["nodes"][0]["id"]
    assert space.ok(api.GET_STATE, run_id=run, state_id=state)["id"] == state
    assert state in space.refused(404, api.GET_STATE, run_id=another, state_id=state)
    space.refused(404, api.GET_STATE, run_id=run, state_id=state, graph_name="other")
    space.refused(404, api.GET_STATE, run_id=run, state_id="nonsense")
    space.refused(404, api.GET_STATE, run_id=run, state_id=run)
    other = Space(service, f"{space.name}-other")
    other.refused(404, api.GET_STATE, run_id=run, state_id=state)
    space.refused(400, api.GET_STATE, run_id=run, state_id=state, graph_name="a:b")


def test_secrets_are_given_while_the_state_runs_and_only_those_that_its_node_declares(space: Space) -> None:
    space.register(node_class("A", secrets=("token",)))
    secrets = {"token": "swordfish", "unrelated": "do not tell"}
    space.graph(space.node("a"), secrets=secrets)
    run = space.trigger()
    state = space.ok(api.GET_STRUCTURE, run_id=run)["nodes"][0]["id"]
    assert "CREATED" in space.refused(400, api.GET_SECRETS, state_id=state)
    held = space.take("A")
    assert held.state == state
    answer = space.call(api.GET_SECRETS, state_id=state)
    assert answer.json() == {"secrets": {"token": "swordfish"}}
    assert "do not tell" not in answer.text
    space.report(held, one(v="1"))
    space.wait(run)
    assert "SUCCESS" in space.refused(400, api.GET_SECRETS, state_id=state)


def test_a_run_keeps_the_secrets_of_the_version_that_it_was_triggered_with(space: Space) -> None:
    space.register(node_class("A", secrets=("token",)))
    space.graph(space.node("a"), secrets={"token": "old"})
    space.trigger()
    space.graph(space.node("a"), secrets={"token": "new"})
    state = space.take("A").state
    assert space.ok(api.GET_SECRETS, state_id=state) == {"secrets": {"token": "old"}}


def test_secrets_are_asked_for_in_the_namespace_of_the_node_not_of_the_run(service: Service, space: Space) -> None:
    nodes = Space(service, f"{space.name}-nodes")
    nodes.register(node_class("A", secrets=("token",)))
    space.graph({**space.node("a"), "namespace": nodes.name}, secrets={"token": "swordfish"})
    space.trigger()
    state = nodes.take("A").state
    assert nodes.ok(api.GET_SECRETS, state_id=state) == {"secrets": {"token": "swordfish"}}
    space.refused(404, api.GET_SECRETS, state_id=state)
    nodes.refused(404, api.GET_SECRETS, state_id="nonsense")


def test_a_value_of_the_store_is_read_by_its_key(service: Service, space: Space) -> None:
    space.chain()
    run = space.trigger(store={"cursor": "17"})
    assert space.ok(api.GET_STORE_VALUE, run_id=run, key="cursor") == {"key": "cursor", "value": "17"}
    assert space.ok(api.GET_STORE_VALUE, run_id=run, key="unset") == {"key": "unset", "value": None}
    assert "store key 'a.b'" in space.refused(400, api.GET_STORE_VALUE, run_id=run, key="a.b")
    space.refused(404, api.GET_STORE_VALUE, run_id="nonsense", key="cursor")
    Space(service, f"{space.name}-other").refused(404, api.GET_STORE_VALUE, run_id=run, key="cursor")


@pytest.mark.parametrize("row", [api.GET_STATE, api.GET_SECRETS], ids=lambda row: row.name)
def test_an_id_with_a_key_in_it_reads_no_key(space: Space, row: api.Row) -> None:
    hostile = f"x}}:0:state:{'0' * 36}"
    space.refused(404, row, run_id=hostile, state_id=hostile)
