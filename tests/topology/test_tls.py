"""TLS and an ACL user of the state manager's own, by URL alone."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from redis import Redis

from cluster_node import cluster_port
from exosphere_orchestrator.grants import runtime_user
from system.stack import NAMESPACE, Stack, spread_work_gather
from topology.servers import Server, memory_only
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
    front = TlsFront(certificate / "certificate", certificate / "key", server.port)
    server.ask("ACL", "SETUSER", "exosphere", *documented_rules())
    server.ask("ACL", "SETUSER", "admin", "on", ">admin", "+@all", "~*", "&*")
    server.ask("ACL", "SETUSER", "default", "off")
    options = f"ssl_ca_certs={quote(str(certificate / 'certificate'))}&ssl_check_hostname=true"
    url = f"rediss://exosphere:{quote(PASSWORD, safe='')}@127.0.0.1:{front.port}?{options}"
    stack = Stack(url, tmp_path, lease_ms=10_000)
    try:
        stack.state_manager()
        stack.runtime("here")
        stack.graph("g", *spread_work_gather(10))
        assert stack.wait_run(stack.trigger("g"))["status"] == "SUCCESS"
        assert front.accepted >= 4
        with Redis(port=server.port, username="admin", password="admin") as admin:
            users = {client["user"] for client in admin.client_list()}
        assert users >= {"exosphere", runtime_user(NAMESPACE)}
        assert PASSWORD not in stack.log("sm") + stack.log("here")
    finally:
        stack.close()
        front.close()
