"""A runtime that stood still, as a whole or its event loop alone, reports nothing of what it lost; and it can be stopped."""

import signal
from pathlib import Path

from exosphere_core.keys import RUNTIMES_GROUP, ShardKeys
from system.own_redis import OwnRedis
from system.stack import NAMESPACE, Stack, wait_for

HOME = ShardKeys(NAMESPACE)


def began(stack: Stack, count: int) -> None:
    wait_for(f"{count} executions began", lambda: len(stack.ledger_lines()) == count)


def test_a_node_that_ends_right_after_its_runtime_stood_still_for_a_lease_is_not_reported(stack: Stack) -> None:
    stack.state_manager()
    stack.runtime("rt1")
    until = stack.folder / "until"
    stack.graph("g", {"node_name": "Long", "identifier": "long", "inputs": {"until": str(until)}})
    run = stack.trigger("g")
    began(stack, 1)
    stack.signal("rt1", signal.SIGSTOP)
    stack.runtime("rt2")
    began(stack, 2)
    until.touch()
    assert stack.wait_run(run)["status"] == "SUCCESS"
    # What its node waited for is there: it ends before any heartbeat can say that the lease is lost.
    stack.signal("rt1", signal.SIGCONT)
    wait_for("it learns of its loss", lambda: "was lost: its" in stack.log("rt1"))
    stack.signal("rt1", signal.SIGTERM)
    assert stack.wait_end("rt1") == 0
    assert "changed nothing" not in stack.log("sm"), "it reported what it had lost"
    (state,) = stack.states(run)
    assert state["status"] == "SUCCESS"
    # Its blocked read has ended before the lease: it was not given the second delivery, too.
    assert state["attempt"] == 2


def test_a_node_that_blocks_the_event_loop_for_too_long_is_named_and_goes_to_another_runtime(stack: Stack) -> None:
    stack.state_manager()
    stack.runtime("rt1", EXOSPHERE_BLOCKED_LOOP_MS="6000")
    until = stack.folder / "until"
    stack.graph("g", {"node_name": "Stuck", "identifier": "stuck", "inputs": {"until": str(until)}})
    run = stack.trigger("g")
    began(stack, 1)
    wait_for("it is told", lambda: "has blocked the event loop for 5 s" in stack.log("rt1"))
    assert "WARNING exosphere.runtime: node Stuck (state " in stack.log("rt1")
    assert "nodes.py" in stack.log("rt1")
    stack.runtime("rt2")
    assert stack.wait_run(run)["status"] == "SUCCESS"
    (state,) = stack.states(run)
    assert (state["attempt"], state["outputs"]["by"]) == (2, str(stack.processes["rt2"].pid))
    assert "the leases of 1 states are given up" in stack.log("rt1")
    until.touch()
    wait_for("it runs again", lambda: "the event loop runs again" in stack.log("rt1"))
    stack.kill("rt2")
    assert stack.wait_run(stack.trigger("g"))["status"] == "SUCCESS"
    assert "changed nothing" not in stack.log("sm"), "it reported what it had given up"


def test_a_second_signal_ends_a_runtime_whose_event_loop_is_blocked(stack: Stack) -> None:
    stack.as_users_do("rt")
    stack.state_manager()
    stack.runtime("rt")
    stack.graph("g", {"node_name": "Blocking", "identifier": "b", "inputs": {"ms": "3600000"}})
    stack.trigger("g")
    began(stack, 1)

    def ends() -> bool:
        stack.signal("rt", signal.SIGTERM)
        return stack.processes["rt"].poll() is not None

    wait_for("it ends", ends)
    assert stack.wait_end("rt") == 130


def test_a_runtime_can_be_stopped_while_redis_is_away_and_its_work_is_done_by_another(tmp_path: Path) -> None:
    stack = Stack(f"unix://{tmp_path / 'redis.sock'}", tmp_path)
    try:
        redis = OwnRedis(stack, tmp_path)
        redis.start()
        stack.state_manager()
        stack.runtime("rt1", EXOSPHERE_SHUTDOWN_GRACE_MS="50")
        until = tmp_path / "until"
        stack.graph("g", {"node_name": "Long", "identifier": "long", "inputs": {"until": str(until)}})
        run = stack.trigger("g")
        began(stack, 1)
        redis.kill()
        stack.signal("rt1", signal.SIGTERM)
        assert stack.wait_end("rt1") == 0
        assert "Traceback" not in stack.log("rt1")
        redis.start()
        stack.runtime("rt2")
        until.touch()
        assert stack.wait_run(run)["status"] == "SUCCESS"
        with redis.client() as client:
            wait_for("nothing is pending", lambda: client.xpending(HOME.ready("Long"), RUNTIMES_GROUP)["pending"] == 0)
    finally:
        stack.close()
