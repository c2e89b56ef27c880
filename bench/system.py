"""A whole system to measure: an embedded Redis, a state manager process, worker processes."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from redis import Redis

from bench.nodes import NODES
from exosphere_core import api
from exosphere_core.client import ApiClient
from exosphere_orchestrator.embedded import EmbeddedRedis
from exosphere_orchestrator.vault import new_key
from exosphere_worker.node import BaseNode, secret_names

KEY = "bench-key"
NAMESPACE = "bench"
#: Arguments of the interpreter that make it a state manager.
SERVE = (
    "-c",
    "from exosphere_orchestrator.server import serve; from exosphere_orchestrator.settings import load_settings; serve(load_settings())",
)
#: One for all state managers of a process that measures, as several that share a Redis need.
_VAULT_KEY = new_key()


@dataclass
class System:
    """Use as a context manager; everything it started is ended with it."""

    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="exo-bench-")
        self._embedded = EmbeddedRedis(Path(self._folder.name))
        self._embedded.__enter__()
        self.redis: Any = Redis.from_url(self._embedded.url)
        self.port = free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self._environ = environ_of(self._embedded.url, self.port)
        self._start("state manager", *SERVE)
        asyncio.run(register(self.uri, NODES))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in list(self.children):
            self.stop(name)
        self.redis.close()
        self._embedded.__exit__(kind, error, trace)
        self._folder.cleanup()

    def start_worker(self, name: str = "worker") -> None:
        """Start a worker process."""
        self._start(name, "-m", "bench.nodes")

    def stop(self, name: str) -> None:
        """Stop a process and wait for it."""
        child = self.children.pop(name)
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(timeout=30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def cpu_seconds(self) -> dict[str, float]:
        """User and system time of each process so far."""
        pids = {name: child.pid for name, child in self.children.items()}
        pids["redis"] = int(self.info("server")["process_id"])
        return {name: _cpu_seconds(pid) for name, pid in pids.items()}

    def info(self, section: str) -> dict[str, Any]:
        """A section of INFO."""
        found: dict[str, Any] = self.redis.info(section)
        return found

    def client(self) -> ApiClient:
        """A client of the HTTP API, whose patience is longer than the longest wait that it asks for."""
        return ApiClient(self.uri, KEY, timeout_s=90)

    def _start(self, name: str, *arguments: str) -> None:
        root = Path(__file__).resolve().parent.parent
        self.children[name] = subprocess.Popen([sys.executable, *arguments], env=self._environ, cwd=root)


def environ_of(redis_url: str, port: int) -> dict[str, str]:
    """The environment of a state manager at a port of the loopback interface, and of its workers."""
    return {
        **os.environ,
        "EXOSPHERE_REDIS_URL": redis_url,
        "STATE_MANAGER_SECRET": KEY,
        "SECRETS_ENCRYPTION_KEY": _VAULT_KEY,
        "EXOSPHERE_PORT": str(port),
        "EXOSPHERE_LOG_LEVEL": "WARNING",
        "EXOSPHERE_STATE_MANAGER_URI": f"http://127.0.0.1:{port}",
        "EXOSPHERE_API_KEY": KEY,
    }


async def register(uri: str, nodes: Sequence[type[BaseNode]]) -> None:
    """Wait for a state manager, and make nodes known to it before any worker does."""
    registered = [
        {
            "name": node.__name__,
            "inputs_schema": node.Inputs.model_json_schema(),
            "outputs_schema": node.Outputs.model_json_schema(),
            "secrets": secret_names(node),
        }
        for node in nodes
    ]
    client = ApiClient(uri, KEY, timeout_s=90)
    await client.call(
        api.REGISTER_NODES, namespace=NAMESPACE, body={"runtime_name": "bench", "nodes": registered}, timeout_s=30
    )
    await client.aclose()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _cpu_seconds(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
