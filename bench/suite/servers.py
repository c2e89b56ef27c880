"""Redis servers to measure on: each measurement has new and empty ones, with the same settings for every contender."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import ConnectionError

from bench.suite.children import end, start
from exosphere_orchestrator.embedded.binary import find_server

#: What `--durability` offers, and the settings it stands for.
DURABILITY = {
    "no": ("--appendonly", "no"),
    "everysec": ("--appendonly", "yes", "--appendfsync", "everysec"),
    "always": ("--appendonly", "yes", "--appendfsync", "always"),
}
_SLOTS = 16384
_PATIENCE_S = 30.0


class Servers:
    """One server, or the masters of a cluster.

    Attributes:
        url: for clients.
        all: a connection to each.
    """

    def __init__(self, ports: list[int], clustered: bool) -> None:
        self.all: list[Any] = [Redis(port=port) for port in ports]
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        self.url = f"redis+cluster://{hosts}" if clustered else f"redis://{hosts}/0"
        self.pids = [int(redis.info("server")["process_id"]) for redis in self.all]

    def memory(self) -> int:
        """Bytes in use, buffers of connections and of the append-only file left out: they come and go."""
        found = [redis.info("memory") for redis in self.all]
        return sum(
            int(one["used_memory"]) - int(one["mem_clients_normal"]) - int(one["mem_aof_buffer"]) for one in found
        )

    def commands(self) -> int:
        """Commands since the last `forget`, those inside scripts included."""
        return sum(sum(row["calls"] for row in redis.info("commandstats").values()) for redis in self.all)

    def forget(self) -> None:
        """Begin to count anew."""
        for redis in self.all:
            redis.config_resetstat()

    def clients(self) -> int:
        """Connections, this process' own included."""
        return sum(int(redis.info("clients")["connected_clients"]) for redis in self.all)


@contextmanager
def servers(folder: Path, durability: str, masters: int = 0) -> Iterator[Servers]:
    """Start one server, or so many masters of a cluster, and end them with the block.

    Raises:
        TimeoutError: they did not come up.
    """
    binary = find_server()
    compact = "hash-max-listpack-value" if binary.version >= (7, 0, 0) else "hash-max-ziplist-value"
    common = ["--bind", "127.0.0.1", "--save", "", "--maxmemory-policy", "noeviction", f"--{compact}", "512"]
    cluster = ["--cluster-enabled", "yes"] if masters else []
    with ExitStack() as stack:
        ports = [_free_port() for _ in range(masters or 1)]
        for port in ports:
            data = folder / str(port)
            data.mkdir()
            command = [
                str(binary.path),
                *common,
                *DURABILITY[durability],
                *cluster,
                "--port",
                str(port),
                "--dir",
                str(data),
            ]
            stack.callback(end, start(command, stdout=subprocess.DEVNULL))
        for port in ports:
            _wait(lambda port=port: _answers(port), f"the Redis on port {port} did not start")
        if masters:
            _join(ports)
        made = Servers(ports, bool(masters))
        for redis in made.all:
            stack.callback(redis.close)
        yield made


def _join(ports: list[int]) -> None:
    """Share the slots out among masters and let them meet."""
    # Its own way to send a command declares no types.
    nodes: list[Any] = [Redis(port=port) for port in ports]
    for number, node in enumerate(nodes):
        first, last = (_SLOTS * place // len(nodes) for place in (number, number + 1))
        node.execute_command("CLUSTER", "ADDSLOTS", *range(first, last))
        node.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        node.execute_command("CLUSTER", "MEET", "127.0.0.1", ports[0])
    for node in nodes:
        _wait(lambda node=node: _whole(node), "the cluster did not come up")
        node.close()


def _whole(node: Any) -> bool:
    info = node.execute_command("CLUSTER INFO")
    return bool(info["cluster_state"] == "ok" and int(info["cluster_slots_ok"]) == _SLOTS)


def _answers(port: int) -> bool:
    with Redis(port=port) as redis:
        try:
            return bool(redis.ping())
        except ConnectionError:
            return False


def _wait(look: Any, complaint: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not look():
        if time.monotonic() > deadline:
            raise TimeoutError(complaint)
        time.sleep(0.02)


def _free_port() -> int:
    """A port that nobody has, nor the one 10,000 above it, where nodes of a cluster speak to each other."""
    while True:
        with socket.socket() as probe, socket.socket() as companion:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            if port > 55_000:
                continue
            try:
                companion.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
            return port
