"""Cancelling, retrying and rerunning with the SDK, while real processes work."""

import asyncio
import json

from redis import Redis

from exosphere_core.keys import ShardKeys
from system.stack import NAMESPACE, Stack, spread_work_gather, wait_for

HOME = ShardKeys(NAMESPACE)


def test_a_node_whose_run_is_cancelled_is_told_to_stop_and_leaves_nothing_behind(stack: Stack, redis_url: str) -> None:
    stack.state_manager()
    stack.runtime("rt")
    worker = stack.processes["rt"].pid
    stack.graph("g", {"node_name": "Clinging", "identifier": "c", "next_nodes": ["t"]}, {
        "node_name": "Threaded", "identifier": "t", "inputs": {"value": "${{ c.outputs.value }}"},
    })  # fmt: skip
    stack.graph("other", {"node_name": "Work", "identifier": "w", "inputs": {"value": "v"}})
    run = stack.trigger("g")
    wait_for("the node began", stack.ledger_lines)
    cancelled = asyncio.run(stack.manager().cancel(run))
    assert (cancelled["status"], cancelled["cancelled_count"], cancelled["total_count"]) == ("CANCELLED", 1, 1)
    wait_for("the next heartbeat tells it", lambda: len(stack.ledger_lines()) > 1)
    assert stack.ledger_lines() == [f"began {worker}", f"told to stop {worker}"]
    other = stack.trigger("other")
    assert stack.wait_run(other)["status"] == "SUCCESS"
    assert [state["outputs"]["worker"] for state in stack.states(other)] == [str(worker)]
    (state,) = stack.states(run)
    assert (state["status"], state["attempt"], state["outputs"], state["error"]) == ("CANCELLED", 1, {}, None)
    assert asyncio.run(stack.manager().get_run(run)) == cancelled
    assert cancelled["store"] == {}
    assert "its node is cancelled and nothing is reported" in stack.log("rt")
    assert "changed nothing" not in stack.log("sm"), "the runtime reported what came after the cancellation"
    with Redis.from_url(redis_url) as redis:
        assert redis.xlen(HOME.ready("Clinging")) == 0


def test_what_failed_is_retried_and_a_run_is_run_again_from_one_of_its_branches(stack: Stack) -> None:
    stack.state_manager()
    stack.runtime("rt")
    spread, work, gather = spread_work_gather(3)
    # An input that is no number makes the node fail until a rerun gives it another one.
    work["inputs"]["ms"] = "${{ store.ms }}"
    stack.graph("g", spread, work, gather, retry_policy={"max_retries": 0}, store_config={"required_keys": ["ms"]})
    manager = stack.manager()
    run = stack.trigger("g", store={"ms": "none"})
    assert stack.wait_run(run)["status"] == "FAILED"
    retried = asyncio.run(manager.retry_run(run))
    assert (retried["count"], retried["refused"]) == (3, {})
    ended = stack.wait_run(run)
    assert (ended["status"], ended["errored_count"], ended["retried_count"]) == ("FAILED", 3, 3)

    second = asyncio.run(manager.rerun(run, "work", store={"ms": "1"}))["run_id"]
    assert stack.wait_run(second)["status"] == "SUCCESS"
    (gathered,) = stack.states(second, "all")
    assert json.loads(gathered["outputs"]["values"]) == ["0", "1", "2"]
    assert len(stack.ledger_lines()) == 3

    middle = stack.states(second, "work")[1]
    third = asyncio.run(manager.rerun(second, state_id=middle["id"], inputs={"value": "one"}))["run_id"]
    ended = stack.wait_run(third)
    assert (ended["status"], ended["rerun_of"], ended["total_count"]) == ("SUCCESS", second, 7)
    (gathered,) = stack.states(third, "all")
    place = middle["outputs"]["value"]
    assert json.loads(gathered["outputs"]["values"]) == [value.replace(place, "one") for value in ("0", "1", "2")]
    executed = [line.split()[0] for line in stack.ledger_lines()]
    assert len(executed) == len(set(executed)) == 4, "a branch that was taken over was executed again"
    for earlier, later in ((run, second), (second, third)):
        assert asyncio.run(manager.get_run(earlier))["reruns"] == [later]
