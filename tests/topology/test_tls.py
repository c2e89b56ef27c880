"""TLS and an ACL user of the state manager's own, by URL alone."""

import asyncio
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import pytest
from redis import Redis

from cluster_node import cluster_port
from exosphere_core.ids import shard_of_ours
from exosphere_orchestrator.grants import RuntimeUser
from system.stack import NAMESPACE, Stack, spread_work_gather, wait_for
from topology.servers import Cluster, Server, Watched, memory_only
from topology.tls_front import TlsFront

PASSWORD = "p@ss:word/with#marks"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "redis.md"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key, and a certificate for 127.0.0.1 that signs itself."""
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(folder / "key"), "-out", str(folder / "certificate"),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


def tls_url(kind: str, fronts: Sequence[TlsFront], certificate: Path, rest: str = "") -> str:
    hosts = ",".join(f"127.0.0.1:{front.port}" for front in fronts)
    options = f"ssl_ca_certs={quote(str(certificate / 'certificate'))}&ssl_check_hostname=true"
    return f"{kind}://{hosts}{rest}?{options}"


@pytest.fixture
def fronts(certificate: Path) -> Iterator[Callable[..., TlsFront]]:
    """Makes fronts; all are closed in the end."""
    made: list[TlsFront] = []

    def front(target: int = 0, *, plain: bool = False) -> TlsFront:
        made.append(TlsFront(certificate, target, plain=plain))
        return made[-1]

    yield front
    for each in made:
        each.close()


def test_runs_on_every_shard_of_a_cluster_end_over_tls(
    certificate: Path, fronts: Callable[..., TlsFront], tmp_path: Path
) -> None:
    of_node: dict[int, TlsFront] = {}

    def announced(port: int) -> int:
        of_node[port] = fronts(port)
        return of_node[port].port

    cluster = Cluster(tmp_path / "cluster", replica=False, announced=announced)
    stack = Stack(tls_url("rediss+cluster", list(of_node.values())[:1], certificate), tmp_path, lease_ms=10_000)
    stack.environ["EXOSPHERE_SHARDS"] = "8"
    try:
        stack.state_manager()
        stack.runtime("here")
        stack.graph("g", *spread_work_gather(5))
        runs = [stack.trigger("g") for _ in range(12)]
        for run in runs:
            assert stack.wait_run(run)["status"] == "SUCCESS"
        assert len({shard_of_ours(run) for run in runs}) > 2
        # The first one alone was named.
        assert all(front.accepted > 2 for front in of_node.values())
    finally:
        stack.close()
        cluster.close()


def test_the_next_master_is_found_and_spoken_to_over_tls(
    certificate: Path, fronts: Callable[..., TlsFront], tmp_path: Path
) -> None:
    of_server: dict[int, TlsFront] = {}

    def announced(port: int) -> int:
        of_server[port] = fronts(port, plain=True)
        return of_server[port].port

    watched = Watched(tmp_path / "redis", announced=announced)
    sentinels = [fronts(sentinel.port) for sentinel in watched.sentinels]
    stack = Stack(tls_url("rediss+sentinel", sentinels, certificate, f"/{watched.SERVICE}"), tmp_path, lease_ms=15_000)
    try:
        stack.state_manager()
        stack.runtime("here")
        stack.graph("g", *spread_work_gather(5))
        assert stack.wait_run(stack.trigger("g"))["status"] == "SUCCESS"
        assert watched.master.redis.wait(1, 10_000) == 1
        of_replica = of_server[watched.replica.port]
        assert of_replica.accepted == 0
        watched.master.kill()
        wait_for("the replica is the master", lambda: watched.replica.redis.info("replication")["role"] == "master")
        assert stack.wait_run(asyncio.run(triggered(stack)))["status"] == "SUCCESS"
        assert of_replica.accepted > 2
        assert sentinels[0].accepted > 2
    finally:
        stack.close()
        watched.close()


async def triggered(stack: Stack) -> str:
    """Trigger; tries again while Redis is away."""
    async with stack.manager() as manager:
        return str((await manager.trigger("g"))["run_id"])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "redis", cluster_port(), *memory_only())
    yield server
    server.close()


def documented_rules() -> list[str]:
    """The rules of the state manager's user, as docs/redis.md gives them."""
    (line,) = re.findall(r"^ACL SETUSER exosphere (.+)$", PAGE.read_text(), re.MULTILINE)
    return [rule if rule != ">PASSWORD" else f">{PASSWORD}" for rule in str(line).split()]


def test_a_run_ends_over_tls_with_the_documented_user_and_the_runtime_has_one_of_its_own(
    server: Server, certificate: Path, tmp_path: Path
) -> None:
    front = TlsFront(certificate, server.port)
    server.ask("ACL", "SETUSER", "exosphere", *documented_rules())
    server.ask("ACL", "SETUSER", "admin", "on", ">admin", "+@all", "~*", "&*")
    server.ask("ACL", "SETUSER", "default", "off")
    url = tls_url("rediss", [front], certificate).replace("://", f"://exosphere:{quote(PASSWORD, safe='')}@")
    stack = Stack(url, tmp_path, lease_ms=10_000)
    try:
        stack.state_manager()
        stack.runtime("here")
        stack.graph("g", *spread_work_gather(10))
        assert stack.wait_run(stack.trigger("g"))["status"] == "SUCCESS"
        assert front.accepted >= 4
        with Redis(port=server.port, username="admin", password="admin") as admin:
            users = {client["user"] for client in admin.client_list()}
        assert users >= {"exosphere", RuntimeUser(NAMESPACE).name}
        assert PASSWORD not in stack.log("sm") + stack.log("here")
    finally:
        stack.close()
        front.close()
