"""One master of a cluster is away and nobody takes its place: what is not there goes on, and what is there ends when it is back."""

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from exosphere_core import api
from exosphere_core.ids import shard_of_ours
from exosphere_core.keys import ShardKeys
from exosphere_core.store.slots import slot_of_key
from exosphere_orchestrator.idempotency import keyed
from reconcile.test_command import reconcile
from redis_servers import server_binaries
from system.stack import NAMESPACE, Stack, spread_work_gather, wait_for
from topology.servers import Cluster, Server

SHARDS = 4

#: Shorter than a master is away here: leases on it run out, as nobody can renew them.
LEASE_MS = 3000

#: Other masters go on without the one that is away, which Redis does not let them do by default.
OPTIONS = (
    "--save", "", "--appendonly", "yes", "--appendfsync", "no", "--maxmemory-policy", "noeviction",
    "--cluster-require-full-coverage", "no",
)  # fmt: skip


@pytest.fixture(params=server_binaries())
def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path / "cluster", replica=False, options=OPTIONS, binary=request.param)
    yield cluster
    cluster.close()


@pytest.fixture
def stack(cluster: Cluster, tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(cluster.url, tmp_path, lease_ms=LEASE_MS)
    stack.environ["EXOSPHERE_SHARDS"] = str(SHARDS)
    yield stack
    stack.close()


class Triggers:
    """Starts runs on shards of one's choice: an idempotency key names its run, and that its shard."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._numbers = count()

    def on(self, shard: int, graph: str) -> str:
        while True:
            key = f"key-{next(self._numbers)}"
            run = keyed(NAMESPACE, graph, key, {}, {}, 0, SHARDS).run_id
            if shard_of_ours(run) == shard:
                accepted = asyncio.run(self._trigger(graph, key))
                assert accepted["run_id"] == run
                return run

    async def _trigger(self, graph: str, key: str) -> dict[str, Any]:
        async with self._stack.manager() as manager:
            return await manager.trigger(graph, idempotency_key=key)


def stop(server: Server) -> None:
    server.process.send_signal(signal.SIGSTOP)


def go_on(server: Server) -> None:
    server.process.send_signal(signal.SIGCONT)


def knows_lost(server: Server, lost: Server) -> bool:
    nodes: dict[str, dict[str, Any]] = server.ask("CLUSTER NODES")
    (flags,) = [told["flags"] for address, told in nodes.items() if address.startswith(f"127.0.0.1:{lost.port}")]
    return "fail" in str(flags).split(",")


@pytest.mark.parametrize(
    ("goes", "comes_back"), [(stop, go_on), (Server.kill, Server.start)], ids=["stopped", "killed"]
)
def test_runs_of_the_other_shards_end_while_a_master_is_away_and_its_own_end_when_it_is_back(
    cluster: Cluster, stack: Stack, goes: Callable[[Server], None], comes_back: Callable[[Server], None]
) -> None:
    away, *others = cluster.masters
    homes = {shard: cluster.owner(slot_of_key(ShardKeys(NAMESPACE, shard).reports)) for shard in range(SHARDS)}
    lost = [shard for shard, home in homes.items() if home is away]
    kept = [shard for shard, home in homes.items() if home is not away]
    assert lost, "the test meets nothing"
    assert len({homes[shard].port for shard in kept}) == 2, "the test meets too little"
    stack.state_manager()
    stack.runtime("here")
    until = stack.folder / "until"
    stack.graph("long", {"node_name": "Long", "identifier": "long", "inputs": {"until": str(until)}})
    stack.graph("g", *spread_work_gather(4))
    triggers = Triggers(stack)
    long_runs = {shard: triggers.on(shard, "long") for shard in range(SHARDS)}
    wait_for("each is running", lambda: len(stack.ledger_lines()) == SHARDS)
    waiting = [triggers.on(shard, "g") for shard in lost * 3]

    goes(away)
    # The report of the one there has to wait, and holds up none of the others.
    until.touch()
    for shard in kept:
        assert stack.wait_run(long_runs[shard])["status"] == "SUCCESS"
        assert stack.wait_run(triggers.on(shard, "g"))["status"] == "SUCCESS"
    wait_for("the others know that it is away", lambda: knows_lost(others[0], away))
    # Whoever starts now works for the shards that are there.
    second = stack.state_manager("sm2")
    stack.runtime("late", EXOSPHERE_STATE_MANAGER_URI=second)
    late = str(stack.processes["late"].pid)

    def late_works() -> bool:
        for shard in kept:
            assert stack.wait_run(triggers.on(shard, "g"), uri=second)["status"] == "SUCCESS"
        return any(line.split()[1] == late for line in stack.ledger_lines())

    wait_for("the late runtime works", late_works)
    assert any("can't be reached" in warning for warning in stack.call(api.READY)["warnings"])

    # Reconciling puts right what is there, and tells what is not.
    home = ShardKeys(NAMESPACE, kept[0])

    def reconciled_again() -> Any:
        homes[kept[0]].ask("ZREM", home.runs, long_runs[kept[0]])
        return reconcile(cluster.url, EXOSPHERE_SHARDS=str(SHARDS))

    # The state manager that began just now sweeps, too, and may come first.
    reconciled = wait_for(
        "the command mends it",
        lambda: "mended        1  index of runs" in (told := reconciled_again()).stdout and told,
    )
    assert reconciled.returncode == 1, reconciled.stderr
    left = [line for line in reconciled.stdout.splitlines() if "can't be reached" in line]
    assert left == [
        f"  left          1  shard {shard} of {NAMESPACE} can't be reached: run it again when it can" for shard in lost
    ]

    comes_back(away)
    wait_for("all is swept", lambda: reconcile(cluster.url, EXOSPHERE_SHARDS=str(SHARDS)).returncode == 0)
    for run in [*waiting, *(long_runs[shard] for shard in lost)]:
        assert stack.wait_run(run)["status"] == "SUCCESS"
    executed = Counter(line.split()[0] for line in stack.ledger_lines())
    assert executed.pop("began") == SHARDS
    assert set(executed.values()) == {1}
