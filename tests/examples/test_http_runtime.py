"""The demo's graph, executed by processes that know of Exosphere nothing but its HTTP calls."""

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from examples.stdlib_report.graph import GRAPH_NAME, NAMESPACE, NODES, RETRIES, STORE
from exosphere_core import api
from system.stack import KEY, Stack, wait_for

ROOT = Path(__file__).resolve().parents[2]

LIMIT = 12


@pytest.fixture
def stack(redis_url: str, tmp_path: Path) -> Iterator[Stack]:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    stack = Stack(redis_url, tmp_path)
    yield stack
    stack.close()


def test_processes_with_nothing_but_an_http_client_run_the_graph_of_the_demo_to_its_end(stack: Stack) -> None:
    uri = stack.state_manager()
    names = ("one", "two")
    program = str(Path(__file__).with_name("demo_over_http.py"))
    for name in names:
        stack.start(
            name, [sys.executable, program, uri, KEY, NAMESPACE, name, str(stack.ledger)], PYTHONPATH=str(ROOT)
        )  # fmt: skip

    def registered() -> bool:
        assert not any(stack.processes[name].poll() for name in names), stack.log("one") + stack.log("two")
        return bool(stack.call(api.LIST_NODES, namespace=NAMESPACE)["count"] == 3)

    wait_for("the nodes are registered", registered)
    declared = {
        "nodes": [node.model_dump(mode="json") for node in NODES],
        "retry_policy": RETRIES.model_dump(mode="json"),
        "store_config": STORE.model_dump(mode="json"),
    }
    path = {"namespace": NAMESPACE, "graph_name": GRAPH_NAME}
    stored = stack.call(api.UPSERT_GRAPH, body=declared, **path)
    assert stored["validation_status"] == "VALID", stored["validation_errors"]
    store = {"folder": str(stack.folder), "limit": str(LIMIT)}
    run = stack.call(api.TRIGGER, body={"store": store}, **path)["run_id"]
    ended = stack.call(api.WAIT_RUN, namespace=NAMESPACE, run_id=run, query={"timeout_ms": 60_000})
    assert ended["status"] == "SUCCESS", stack.log("one") + stack.log("two")

    report = json.loads((stack.folder / "report.json").read_text())
    assert len(report["listed"]) == LIMIT
    pruned = [module for module in report["listed"] if module.startswith("__")]
    assert pruned
    assert report["modules"] == [module for module in report["listed"] if module not in pruned]
    summary = stack.call(api.GET_STRUCTURE, namespace=NAMESPACE, run_id=run)["execution_summary"]
    assert summary == {"SUCCESS": 2 * LIMIT + 1 - len(pruned), "PRUNED": len(pruned)}
    done = Counter(line.split(" ", 1)[1] for line in stack.ledger_lines())
    assert set(done.values()) == {1}, "a state was executed twice"

    for name in names:
        stack.signal(name, signal.SIGTERM)
        assert stack.wait_end(name) == os.EX_OK, stack.log(name)
