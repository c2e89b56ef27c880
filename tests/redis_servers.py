"""Redis servers of a test's own: on a port, with an append-only file, a replica, or another version."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import BusyLoadingError, ConnectionError

from conftest import die_with_driver, redis_server_binary
from ports import free_port

#: Upper bound on any start or stop, in s.
PATIENCE_S = 30.0


def server_binaries() -> list[str]:
    """The server of the embedded default, and those that REDIS_SERVERS names (paths, separated by colons)."""
    return [redis_server_binary(), *filter(None, os.environ.get("REDIS_SERVERS", "").split(":"))]


class RedisServer:
    """A server with its data in a folder; started again, it has the same address. Use it as a context manager."""

    def __init__(self, folder: Path, *options: str, binary: str | None = None, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self._binary = binary or redis_server_binary()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "RedisServer":
        self.start()
        return self

    def __exit__(self, *fault: object) -> None:
        self.kill()

    @property
    def file(self) -> Path:
        """The append-only file."""
        return max(self.folder.rglob("*.aof"), key=lambda path: path.stat().st_size)

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.folder.mkdir(exist_ok=True)
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(
            [
                self._binary, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder),
                "--save", "", "--maxmemory-policy", "noeviction", *self._options,
            ],
            stdout=log, stderr=log, preexec_fn=die_with_driver,
        )  # fmt: skip
        log.close()
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.ask("PING")
                return
            except (ConnectionError, BusyLoadingError):
                assert self._process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < deadline, "redis-server does not answer"
                time.sleep(0.01)

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            # One that stands still would not be reaped.
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def ask(self, *command: Any) -> Any:
        with Redis(port=self.port) as client:
            return client.execute_command(*command)
