"""A cluster of three masters under real processes: runs on every shard, nodes of another namespace, slots that move, a lost master."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exosphere_core import api
from exosphere_core.ids import shard_of_ours
from exosphere_core.keys import ShardKeys
from exosphere_core.store.slots import slot_of_key
from exosphere_orchestrator.grants import RuntimeUser
from redis_servers import server_binaries
from system.stack import NAMESPACE, Stack, spread_work_gather, wait_for
from topology.servers import Cluster

SHARDS = 4


@pytest.fixture(scope="module", params=server_binaries())
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), binary=request.param)
    yield cluster
    cluster.close()


@pytest.fixture
def stack(cluster: Cluster, tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(cluster.url, tmp_path, lease_ms=10_000)
    stack.environ["EXOSPHERE_SHARDS"] = str(SHARDS)
    stack.state_manager()
    yield stack
    stack.close()


def abroad(width: int, ms: int) -> tuple[dict[str, Any], ...]:
    """Fan out, work in another namespace, unite at home."""
    spread, work, gather = spread_work_gather(width, ms)
    return spread, {**work, "namespace": "other"}, gather


def trigger_on_each_shard(stack: Stack, graph: str) -> list[str]:
    runs: dict[int, str] = {}
    while len(runs) < SHARDS:
        run = stack.trigger(graph)
        runs[shard_of_ours(run)] = run
    return list(runs.values())


def check_gathered(stack: Stack, run: str, width: int) -> None:
    (gathered,) = stack.states(run, "all")
    assert json.loads(gathered["outputs"]["values"]) == [str(number) for number in range(width)]


def check_once(stack: Stack) -> None:
    executed = Counter(line.split()[0] for line in stack.ledger_lines())
    assert set(executed.values()) == {1}


def test_runs_of_every_shard_end_with_nodes_of_another_namespace_in_between(cluster: Cluster, stack: Stack) -> None:
    stack.runtime("here")
    stack.runtime("there", NODES_NAMESPACE="other")
    stack.graph("g", *abroad(12, 5))
    runs = trigger_on_each_shard(stack, "g")
    owners = {cluster.owner(slot_of_key(ShardKeys(NAMESPACE, shard).reports)).port for shard in range(SHARDS)}
    assert len(owners) > 1, "every shard is on one node: the test met nothing"
    for run in runs:
        assert stack.wait_run(run)["status"] == "SUCCESS"
        check_gathered(stack, run, 12)
    check_once(stack)
    for server in cluster.servers:
        assert RuntimeUser(NAMESPACE).name in server.redis.acl_users()


def test_slots_move_while_runs_run_and_nothing_is_lost_or_done_twice(cluster: Cluster, stack: Stack) -> None:
    stack.runtime("here")
    stack.runtime("there", NODES_NAMESPACE="other")
    stack.graph("g", *abroad(40, 60))
    runs = trigger_on_each_shard(stack, "g")
    wait_for("some work is done", lambda: len(stack.ledger_lines()) > 5)
    moved = 0
    for namespace in (NAMESPACE, "other"):
        slot = slot_of_key(ShardKeys(namespace, shard_of_ours(runs[0])).reports)
        source = cluster.owner(slot)
        target = next(master for master in cluster.masters[1:] if master.port != source.port)
        moved += cluster.move(slot, source, target)
        assert cluster.owner(slot).port == target.port
    assert moved > 20
    for run in runs:
        assert stack.wait_run(run)["status"] == "SUCCESS"
        check_gathered(stack, run, 40)
    check_once(stack)


def test_the_background_jobs_run_on_the_node_that_has_their_queue(cluster: Cluster, stack: Stack) -> None:
    code = (
        "from exosphere_orchestrator.background import run; "
        "from exosphere_orchestrator.settings import load_settings; "
        "run(load_settings().model_copy(update={'retention_ms': 1000}))"  # less than the least, for which no test can wait
    )
    stack.runtime("here")
    stack.graph("g", *spread_work_gather(2))
    run = stack.trigger("g")
    assert stack.wait_run(run)["status"] == "SUCCESS"

    stack.start("jobs", [sys.executable, "-c", code])

    def gone() -> bool:
        return run not in {
            found["run_id"] for found in stack.call(api.LIST_RUNS, namespace=NAMESPACE, page=1, size=50)["runs"]
        }

    wait_for("the run is removed", gone)
    assert "lost Redis" not in stack.log("jobs")


def test_reconciling_finds_what_was_lost_on_every_shard(cluster: Cluster, stack: Stack) -> None:
    until = stack.folder / "until"
    until.touch()
    stack.runtime("here")
    stack.graph("long", {"node_name": "Long", "identifier": "long", "inputs": {"until": str(until)}})
    stack.kill("here")
    runs: dict[int, list[str]] = {}
    while len(runs) < SHARDS or min(map(len, runs.values())) < 2:
        run = stack.trigger("long")
        runs.setdefault(shard_of_ours(run), []).append(run)
    for shard, (first, *_) in runs.items():
        home = ShardKeys(NAMESPACE, shard)
        # Nobody knows of the states but their own records, and of one run not even its own.
        lost = cluster.owner(slot_of_key(home.reports)).redis.delete(home.ready("Long"), home.run(first))
        assert lost == 2
    stack.reconcile()
    stack.runtime("there")
    for run in (run for of_shard in runs.values() for run in of_shard):
        assert stack.wait_run(run)["status"] == "SUCCESS"
    assert len(stack.ledger_lines()) == sum(map(len, runs.values()))


def test_a_master_that_is_lost_gives_way_to_its_replica_and_every_run_ends(cluster: Cluster, stack: Stack) -> None:
    """Last of these tests: the cluster has no replica afterwards."""
    stack.runtime("here")
    until = stack.folder / "until"
    stack.graph("long", {"node_name": "Long", "identifier": "long", "inputs": {"until": str(until)}})
    lost = cluster.masters[0]
    runs = trigger_on_each_shard(stack, "long")
    wait_for("each is running", lambda: len(stack.ledger_lines()) >= len(runs))
    # What Redis had not sent to its replica would be lost, which is another story.
    assert lost.redis.wait(1, 10_000) == 1
    lost.kill()
    until.touch()
    wait_for("the replica is a master", lambda: cluster.replica.redis.info("replication")["role"] == "master")
    for run in runs:
        assert stack.wait_run(run)["status"] == "SUCCESS"
    assert stack.wait_run(stack.trigger("long"))["status"] == "SUCCESS"
