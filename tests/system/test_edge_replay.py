"""Redis acknowledged reports and lost them: the runtime sends them again, and no node is executed twice."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from exosphere_core import api
from exosphere_core.keys import ShardKeys
from system.nodes import Long, Work
from system.own_redis import OwnRedis
from system.stack import NAMESPACE, Stack, wait_for

HOME = ShardKeys(NAMESPACE)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    # No lease runs out here: what comes back does so by being reported again.
    stack = Stack(f"unix://{tmp_path / 'redis.sock'}", tmp_path, lease_ms=60_000)
    yield stack
    stack.close()


@pytest.mark.parametrize("lost", ["reports", "deliveries and reports"])
def test_reports_that_redis_lost_count_and_their_nodes_are_executed_once(
    stack: Stack, tmp_path: Path, lost: str
) -> None:
    redis = OwnRedis(stack, tmp_path)
    redis.start()
    stack.state_manager()
    nodes = [
        {
            "name": node.__name__, "inputs_schema": node.Inputs.model_json_schema(),
            "outputs_schema": node.Outputs.model_json_schema(),
        }
        for node in (Long, Work)
    ]  # fmt: skip
    stack.call(api.REGISTER_NODES, body={"runtime_name": "by-hand", "nodes": nodes}, namespace=NAMESPACE)
    until = tmp_path / "until"
    stack.graph(
        "g",
        {"node_name": "Long", "identifier": "long", "inputs": {"until": str(until)}, "next_nodes": ["work"]},
        {"node_name": "Work", "identifier": "work", "inputs": {"value": "v"}},
    )
    run = stack.trigger("g")
    undelivered = redis.written()
    stack.runtime("rt")
    wait_for("the node began", stack.ledger_lines)
    delivered = redis.written()
    until.touch()
    assert stack.wait_run(run)["status"] == "SUCCESS"
    # The state manager would not wait with its work until we have looked.
    stack.signal("sm", signal.SIGSTOP)
    redis.kill()
    redis.forget_since(delivered if lost == "reports" else undelivered)
    redis.start()
    with redis.client() as client:
        assert client.hget(HOME.run(run), "status") == b"PENDING", "nothing was lost: the test met nothing"
    stack.signal("sm", signal.SIGCONT)
    assert stack.wait_run(run)["status"] == "SUCCESS"
    assert len(stack.ledger_lines()) == 2, "a node was executed twice"
    assert "sent 2 reports of the last seconds again" in stack.log("rt")
    with redis.client() as client:
        for node in ("Long", "Work"):
            assert client.xpending(HOME.ready(node), "runtimes")["pending"] == 0
            assert client.xlen(HOME.ready(node)) == 0
