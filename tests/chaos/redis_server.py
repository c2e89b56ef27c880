"""The campaign's Redis: a real server with an append-only file, that is killed, starved and started again."""

import asyncio
import os
import resource
import signal
import subprocess
import time
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from conftest import die_with_driver
from ports import free_port

_PATIENCE_S = 60.0
_FOREVER = resource.RLIM_INFINITY


class RedisServer:
    """A server process by process over one data folder.

    Args:
        binary: path of `redis-server`.
        folder: for data, socket and log.
        fsync: `always` or `everysec`.
    """

    def __init__(self, binary: Path, folder: Path, fsync: str) -> None:
        self._binary = binary
        self._folder = folder
        self._data = folder / "data"
        self._data.mkdir()
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        text = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
        self.version = text.split("v=")[1].split()[0]
        self.fsync = fsync
        self.environ: dict[str, str] = {}
        socket = folder / "redis.sock"
        #: Of the driver's own, past the proxy. It waits for as long as a fault lasts.
        self.client = Redis(unix_socket_path=str(socket))
        self._command = [
            str(binary), "--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", str(socket), "--save", "",
            "--appendonly", "yes", "--appendfsync", fsync, "--maxmemory-policy", "noeviction", "--dir", str(self._data),
            "--aof-load-truncated", "yes",
        ]  # fmt: skip
        if self.version[0] != "6":
            self._command += ["--enable-debug-command", "yes"]

    async def start(self) -> None:
        """Start and wait until it answers."""
        with (self._folder / "redis.log").open("ab") as log:
            # Python ignores SIGXFSZ, and so does this child: a file at its limit is an error of the write, as a full disk is.
            self.process = subprocess.Popen(
                self._command, stdout=log, stderr=log, preexec_fn=die_with_driver, restore_signals=False,
                env={**os.environ, **self.environ}, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                await self.client.ping()
                return
            except (RedisError, OSError):
                assert self.process.poll() is None, f"redis-server ended; see {self._folder}/redis.log"
                assert time.monotonic() < deadline, "redis-server does not answer"
                await asyncio.sleep(0.01)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, as the kernel does when memory runs out."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def cut_tail(self, count: int) -> None:
        """Cut bytes off the end of the append-only file of a server that does not run, as a power failure does."""
        newest = max(self._data.rglob("*.aof"), key=lambda path: (path.stat().st_mtime_ns, path.name))
        os.truncate(newest, max(0, newest.stat().st_size - count))

    def limit_files(self, more_bytes: int | None) -> None:
        """Let no file grow by more than this: the disk is full then. None takes the limit off."""
        assert self.process is not None
        size = max((path.stat().st_size for path in self._data.rglob("*.aof")), default=0)
        soft = _FOREVER if more_bytes is None else size + more_bytes
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (soft, _FOREVER))

    async def stop(self) -> None:
        await self.client.aclose()
        if self.alive:
            self.kill()
