"""Who watches a run, and who looks at the runtimes, over real processes that die."""

from typing import Any

import exospherehost
from exospherehost import blocking
from system.stack import KEY, NAMESPACE, PATIENCE_S, Stack, wait_for


def test_a_watcher_hears_each_transition_once_although_its_state_manager_is_killed_and_comes_again(
    stack: Stack,
) -> None:
    uri = stack.state_manager("sm1")
    second = stack.state_manager("sm2")
    stack.runtime()
    work: dict[str, Any] = {"node_name": "Long", "inputs": {"until": str(stack.folder / "until")}}
    stack.graph("g", {**work, "identifier": "a", "next_nodes": ["b"]}, {**work, "identifier": "b"})
    run = stack.trigger("g")
    wait_for("the node runs", stack.ledger_lines)
    told: list[tuple[str, str | None, str]] = []
    with blocking.StateManager(NAMESPACE, uri, KEY) as manager:
        (runtime,) = manager.runtimes()
        assert (runtime["runtime_name"], runtime["alive"], runtime["running"]) == ("rt", True, 1)
        assert runtime["registered_at"] is not None
        assert runtime["version"] == exospherehost.__version__
        for event in manager.events(run, patience_s=PATIENCE_S):
            told.append((event["event"], event.get("identifier"), event["status"]))
            if event["event"] == "current":
                stack.kill("sm1")
                # The other one goes on with the run while the watcher has nobody to ask.
                (stack.folder / "until").touch()
                assert stack.wait_run(run, uri=second)["status"] == "SUCCESS"
                stack.state_manager("sm1", EXOSPHERE_PORT=str(stack.ports["sm1"]))
    assert told == [
        ("begin", None, "PENDING"),
        ("found", "a", "CREATED"),
        ("current", None, "PENDING"),
        ("state", "a", "SUCCESS"),
        ("state", "b", "CREATED"),
        ("state", "b", "SUCCESS"),
        ("run", None, "SUCCESS"),
    ]


def test_a_runtime_that_has_nothing_to_do_is_listed_as_alive_at_each_of_its_queues(stack: Stack) -> None:
    uri = stack.state_manager()
    stack.runtime("rt")
    with blocking.StateManager(NAMESPACE, uri, KEY) as manager:
        wait_for("it is heard of", lambda: [each["alive"] for each in manager.runtimes()] == [True])
        (runtime,) = manager.runtimes()
        queues = list(manager.queues())
    assert (set(runtime["nodes"]), runtime["running"]) == ({queue["node_name"] for queue in queues}, 0)
    assert {queue["consumers"] for queue in queues} == {1}
