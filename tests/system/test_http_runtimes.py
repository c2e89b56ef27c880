"""Clients that poll over HTTP beside runtimes that read the queues, and over the death of a state manager, as processes."""

import signal
from typing import Any

from exosphere_core import api
from system.stack import NAMESPACE, Stack, spread_work_gather, wait_for


def enqueue_one(stack: Stack, node: str, uri: str | None = None) -> dict[str, Any]:
    """Take the next state of a node."""

    def found() -> Any:
        body = {"nodes": [node], "batch_size": 1}
        return stack.call(api.ENQUEUE_STATES, uri=uri, body=body, namespace=NAMESPACE)["states"]

    (state,) = wait_for(f"a state of {node} is ready", found)
    return dict(state)


def executed(stack: Stack, state: dict[str, Any], *outputs: dict[str, str], uri: str | None = None) -> None:
    stack.call(
        api.STATE_EXECUTED, uri=uri, body={"outputs": list(outputs), "attempt": state["attempt"]},
        namespace=NAMESPACE, state_id=state["state_id"],
    )  # fmt: skip


def test_a_state_that_a_killed_state_manager_gave_is_reported_to_another_while_a_runtime_does_the_rest(
    stack: Stack,
) -> None:
    first, second = stack.state_manager("sm1"), stack.state_manager("sm2")
    stack.runtime()
    width = 12
    stack.graph("g", *spread_work_gather(width))
    stack.signal("rt", signal.SIGTERM)
    stack.wait_end("rt")
    run = stack.trigger("g")
    executed(stack, enqueue_one(stack, "Spread", first), *({"value": str(n)} for n in range(width)), uri=first)
    taken = enqueue_one(stack, "Work", first)
    stack.kill("sm1")
    stack.environ["EXOSPHERE_STATE_MANAGER_URI"] = second
    stack.runtime()
    wait_for("the runtime has done the rest", lambda: len(stack.ledger_lines()) == width - 1)
    executed(stack, taken, {"value": taken["inputs"]["value"], "worker": "http"})
    assert stack.wait_run(run)["status"] == "SUCCESS"
    work = stack.states(run, "work")
    assert sorted(int(state["outputs"]["value"]) for state in work) == list(range(width))
    assert [state["outputs"]["worker"] for state in work].count("http") == 1
    executions = {line.split()[0] for line in stack.ledger_lines()}
    assert executions == {state["id"] for state in work} - {taken["state_id"]}
    (united,) = stack.states(run, "all")
    assert united["status"] == "SUCCESS"
