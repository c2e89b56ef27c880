"""Real processes over a server in cluster mode, which refuses whatever touches two slots in one step."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from exosphere_core import api
from exosphere_core.ids import shard_of_ours
from exosphere_core.store.address import read_address
from system.stack import NAMESPACE, Stack, spread_work_gather, wait_for


@pytest.fixture
def on_cluster(cluster_url: str, tmp_path: Path) -> Iterator[Stack]:
    ((host, port),) = read_address(cluster_url).hosts
    with Redis(host, port) as redis:
        redis.flushall()
    stack = Stack(cluster_url, tmp_path)
    stack.environ["EXOSPHERE_SHARDS"] = "3"
    yield stack
    stack.close()


def test_runs_of_every_shard_end_and_are_removed_with_nodes_of_another_namespace_in_between(on_cluster: Stack) -> None:
    stack = on_cluster
    stack.state_manager()
    stack.runtime("here")
    stack.runtime("there", NODES_NAMESPACE="other")
    spread, work, gather = spread_work_gather(12)
    stack.graph("g", spread, {**work, "namespace": "other"}, gather)
    runs: list[str] = []
    while len({shard_of_ours(run) for run in runs}) < 3:
        runs.append(stack.trigger("g"))
    for run in runs:
        assert stack.wait_run(run)["status"] == "SUCCESS"
        (gathered,) = stack.states(run, "all")
        assert json.loads(gathered["outputs"]["values"]) == [str(number) for number in range(12)]
    executed = [line.split()[0] for line in stack.ledger_lines()]
    assert len(executed) == len(set(executed)) == 12 * len(runs)
    code = (
        "from exosphere_orchestrator.background import run; "
        "from exosphere_orchestrator.settings import load_settings; "
        "run(load_settings().model_copy(update={'retention_ms': 1000}))"  # less than the least, for which no test can wait
    )
    stack.start("jobs", [sys.executable, "-c", code])

    def removed() -> bool:
        return bool(stack.call(api.LIST_RUNS, namespace=NAMESPACE, page=1, size=10)["total"] == 0)

    wait_for("the background jobs remove the runs", removed)
    for log in ("sm", "here", "there", "jobs"):
        assert "CROSSSLOT" not in stack.log(log)
