"""A queue that is paused and resumed while a real runtime waits for it."""

import asyncio

from system.stack import Stack


def test_a_runtime_takes_nothing_of_a_paused_queue_does_other_work_and_goes_on_when_it_is_resumed(stack: Stack) -> None:
    stack.state_manager()
    stack.runtime("rt")
    work = {"node_name": "Work", "identifier": "w", "inputs": {"value": "v"}}
    stack.graph("held", work)
    stack.graph("free", {"node_name": "Threaded", "identifier": "t", "inputs": {"value": "v"}})
    assert stack.wait_run(stack.trigger("held"))["status"] == "SUCCESS"
    manager = stack.manager()
    assert asyncio.run(manager.pause_queue("Work"))["paused"]
    waiting = stack.trigger("held")
    for _ in range(3):
        assert stack.wait_run(stack.trigger("free"))["status"] == "SUCCESS"
    assert [state["status"] for state in stack.states(waiting)] == ["CREATED"]

    stack.kill("rt")
    stack.runtime("rt")
    assert stack.wait_run(stack.trigger("free"))["status"] == "SUCCESS"
    assert [state["status"] for state in stack.states(waiting)] == ["CREATED"], "a runtime that starts does not end it"
    asyncio.run(manager.resume_queue("Work"))
    assert stack.wait_run(waiting)["status"] == "SUCCESS"
