"""What a node recorded once outlives the process that recorded it."""

from system.stack import Stack, wait_for


def test_work_that_a_killed_runtime_did_once_is_not_done_again_by_the_next(stack: Stack) -> None:
    stack.state_manager()
    stack.runtime("rt1")
    until = stack.folder / "until"
    stack.graph("g", {"node_name": "Charging", "identifier": "a", "inputs": {"until": str(until)}})
    run = stack.trigger("g")
    first = stack.processes["rt1"].pid
    wait_for("the result is recorded", lambda: f"knows {first} {first}" in stack.ledger_lines())
    stack.kill("rt1")
    until.touch()
    stack.runtime("rt2")
    second = stack.processes["rt2"].pid
    assert stack.wait_run(run)["status"] == "SUCCESS"
    (state,) = stack.states(run)
    assert (state["attempt"], state["outputs"]) == (2, {"charged_by": str(first), "ended_by": str(second)})
    assert stack.ledger_lines() == ["charged", f"knows {first} {first}", f"knows {first} {second}"]
