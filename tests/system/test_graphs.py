"""What a graph says holds over real processes: its version, and nodes of other namespaces."""

import json

from exosphere_core import api
from system.stack import NAMESPACE, Stack, wait_for


def test_a_run_ends_by_the_version_that_it_began_with(stack: Stack) -> None:
    stack.state_manager()
    stack.runtime("rt")
    until = stack.folder / "until"

    def store(value: str, node_name: str) -> None:
        stack.graph(
            "g",
            {"node_name": "Long", "identifier": "long", "inputs": {"until": str(until)}, "next_nodes": ["then"]},
            {"node_name": node_name, "identifier": "then", "inputs": {"value": value}},
        )

    store("old", "Work")
    old = stack.trigger("g")
    wait_for("its root runs", stack.ledger_lines)
    store("new", "Threaded")
    new = stack.trigger("g")
    until.touch()
    for run, version, node_name, value in ((old, 1, "Work", "old"), (new, 2, "Threaded", "new")):
        ended = stack.wait_run(run)
        assert (ended["status"], ended["version"]) == ("SUCCESS", version)
        (then,) = stack.states(run, "then")
        assert (then["node_name"], then["outputs"]["value"]) == (node_name, value)


def test_nodes_of_another_namespace_fan_out_retry_write_the_store_and_unite(stack: Stack) -> None:
    stack.state_manager()
    stack.runtime("here")
    stack.runtime("there", NODES_NAMESPACE="other")
    canary = "canary-77b2"
    stack.graph(
        "g",
        {"node_name": "Spread", "identifier": "spread", "inputs": {"width": "3"}, "next_nodes": ["secretive"]},
        {"node_name": "Secretive", "identifier": "secretive", "namespace": "other", "next_nodes": ["all"]},
        {
            "node_name": "Gather", "identifier": "all", "namespace": "other", "unites": {"identifier": "spread"},
            "inputs": {"values": "${{ secretive.outputs.length }}", "workers": "none"}, "next_nodes": ["stored", "back"],
        },
        {"node_name": "Stored", "identifier": "stored", "namespace": "other"},
        {"node_name": "Work", "identifier": "back", "inputs": {"value": "${{ all.outputs.values }}"}},
        secrets={"api_key": canary},
        store_config={"default_values": {"cursor": "1"}},
        retry_policy={"max_retries": 1, "strategy": "FIXED", "backoff_factor": 10},
    )  # fmt: skip
    run = stack.trigger("g")
    ended = stack.wait_run(run)
    assert (ended["status"], ended["store"]) == ("SUCCESS", {"cursor": "9"})
    assert (ended["success_count"], ended["retried_count"], ended["total_count"]) == (9, 3, 12)
    states = {(state["identifier"], state["status"]): state for state in stack.states(run)}
    assert json.loads(states["all", "SUCCESS"]["outputs"]["values"]) == [str(len(canary))] * 3
    assert states["secretive", "RETRY_CREATED"]["error"].startswith("ValueError: the service refused ***")
    back = states["back", "SUCCESS"]["outputs"]
    assert (json.loads(back["value"]), back["worker"]) == ([str(len(canary))] * 3, str(stack.processes["here"].pid))
    assert {state["graph_name"] for state in states.values()} == {"g"}
    # Each tells which process executed it, and for how long.
    for identifier, name in (("secretive", "there"), ("all", "there"), ("back", "here")):
        executed = states[identifier, "SUCCESS"]
        assert f"-{stack.processes[name].pid}-" in executed["worker"]
        assert executed["ran_ms"] >= 0
    assert [
        stack.call(api.LIST_RUNS, namespace=namespace, page=1, size=10)["total"] for namespace in (NAMESPACE, "other")
    ] == [1, 0]
