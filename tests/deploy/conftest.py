"""The files of a deployment, and a real Redis that is started as they start it."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from redis import Redis
from redis.exceptions import RedisError

from exosphere_orchestrator.embedded.binary import find_server

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PASSWORD = "a-password_of-the-test"

_PR_SET_PDEATHSIG = 1
_BOUND_S = 30.0


def _die_with_driver() -> None:
    """In a child: end with the process that runs the tests, whatever ends that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    """The Compose file as Compose reads it, before variables are put in."""
    content: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return content


@pytest.fixture
def redis_tools(tmp_path: Path) -> Path:
    """A folder with `redis-server` and `redis-check-aof`, which are one program under two names."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("redis-server", "redis-check-aof"):
        (folder / name).symlink_to(find_server().path)
    return folder


StartedRedis = tuple[Redis, subprocess.Popen[bytes]]


@pytest.fixture
def start_redis(tmp_path: Path, redis_tools: Path) -> Iterator[Callable[[], StartedRedis]]:
    """Start Redis by `redis-start.sh` with `redis.conf`; its data stays between two starts of one test."""
    data = tmp_path / "data"
    data.mkdir()
    started: list[StartedRedis] = []

    def start() -> StartedRedis:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with (tmp_path / "redis.log").open("ab") as log:
            process = subprocess.Popen(
                [DEPLOY / "redis-start.sh"],
                env={
                    "PATH": f"{redis_tools}{os.pathsep}{os.environ['PATH']}",
                    "REDIS_PASSWORD": PASSWORD,
                    "REDIS_CONF": str(DEPLOY / "redis.conf"),
                    "REDIS_DATA": str(data),
                    "REDIS_PORT": str(port),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_driver,
            )
        client = Redis(port=port, password=PASSWORD, decode_responses=True, socket_timeout=5)
        started.append((client, process))
        deadline = time.monotonic() + _BOUND_S
        while True:
            try:
                client.ping()
                return started[-1]
            except RedisError:
                said = (tmp_path / "redis.log").read_text()
                assert process.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.02)

    yield start
    for client, process in started:
        client.close()
        process.kill()
        process.wait()
