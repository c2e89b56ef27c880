"""A Redis server in cluster mode that has all slots: whatever touches two slots in one step is refused, as on a large one."""

import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import ConnectionError

from conftest import die_with_driver, redis_server_binary

SLOTS = 16384


def cluster_port() -> int:
    """A free port whose companion, 10,000 above it, is free too: there the nodes of a cluster speak to each other."""
    for _ in range(1000):
        port = random.randrange(20_000, 30_000)
        try:
            for one in (port, port + 10_000):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", one))
        except OSError:
            continue
        return port
    raise AssertionError("no port is free")


@contextmanager
def one_node_cluster() -> Iterator[str]:
    """Start one, wait until it is ready, and give its URL."""
    folder = Path(tempfile.mkdtemp(prefix="exo-cluster-"))
    port = cluster_port()
    server = subprocess.Popen(
        [
            redis_server_binary(), "--port", str(port), "--bind", "127.0.0.1", "--cluster-enabled", "yes", "--save", "",
            "--appendonly", "no", "--maxmemory-policy", "noeviction", "--dir", str(folder),
        ],
        stdout=subprocess.DEVNULL, preexec_fn=die_with_driver,
    )  # fmt: skip
    try:
        with Redis(port=port) as redis:
            redis_is_up(redis)
            redis.execute_command("CLUSTER ADDSLOTS", *range(SLOTS))
            cluster_is_ok(redis)
        yield f"redis+cluster://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


def redis_is_up(redis: Any) -> None:
    """Wait until a server answers."""
    deadline = time.monotonic() + 20
    while True:
        try:
            redis.ping()
            return
        except ConnectionError:
            assert time.monotonic() < deadline, "redis-server did not start"
            time.sleep(0.01)


def cluster_is_ok(redis: Any) -> None:
    """Wait until a node knows of a master for every slot."""
    deadline = time.monotonic() + 30
    # A server that does not ask for all slots is content with fewer.
    while (info := redis.execute_command("CLUSTER INFO"))["cluster_state"] != "ok" or info["cluster_slots_ok"] != str(
        SLOTS
    ):
        assert time.monotonic() < deadline, "the cluster did not come up"
        time.sleep(0.01)
