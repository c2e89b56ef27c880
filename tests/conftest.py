"""What all tests share: a real Redis for the whole session, and processes that die with the driver."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError


def die_with_driver() -> None:
    """For `preexec_fn`: the child is killed when the test driver is, whatever kills it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def redis_server_binary() -> str:
    """The real server that the lanes run on: the one of the embedded default."""
    from exosphere_orchestrator.embedded.binary import find_server

    return str(find_server().path)


def _await_redis(url: str, server: "subprocess.Popen[bytes]") -> None:
    """Wait until it answers: its socket's file is there a moment before anybody listens at it."""
    deadline = time.monotonic() + 20
    with Redis.from_url(url) as redis:
        while True:
            assert server.poll() is None, "redis-server ended"
            try:
                redis.ping()
                return
            except ConnectionError:
                assert time.monotonic() < deadline, "redis-server did not start"
                time.sleep(0.01)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A real Redis for this worker of the test run; each test empties it."""
    folder = Path(tempfile.mkdtemp(prefix="exo-test-"))
    socket = folder / "redis.sock"
    server = subprocess.Popen(
        [
            redis_server_binary(), "--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no",
            "--maxmemory-policy", "noeviction", "--dir", str(folder),
        ],
        stdout=subprocess.DEVNULL, preexec_fn=die_with_driver,
    )  # fmt: skip
    url = f"unix://{socket}"
    try:
        _await_redis(url, server)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer's shell exports must not decide a test."""
    for name in list(os.environ):
        if name.startswith("EXOSPHERE_") or name in ("STATE_MANAGER_SECRET", "SECRETS_ENCRYPTION_KEY"):
            monkeypatch.delenv(name)
