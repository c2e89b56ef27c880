"""One Redis server of the campaign: a real one with an append-only file, that is killed, starved and started again."""

import asyncio
import os
import resource
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from conftest import die_with_driver

_PATIENCE_S = 60.0
_FOREVER = resource.RLIM_INFINITY


def version_of(binary: Path) -> str:
    """The version of a `redis-server`."""
    text = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    return text.split("v=")[1].split()[0]


class RedisProcess:
    """A server, process by process over one data folder and at one port.

    Args:
        binary: path of `redis-server`.
        folder: for data, socket and log; it is made.
        options: besides those of any server here.
        configuration: a file that Sentinels write to.
        sentinel: whether it is one itself, told all by that file.
    """

    def __init__(
        self,
        binary: Path,
        folder: Path,
        port: int,
        *options: str,
        configuration: Path | None = None,
        sentinel: bool = False,
    ) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._data.mkdir(parents=True)
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None
        socket = folder / "redis.sock"
        #: Of the driver's own, past every proxy and CLIENT KILL. It waits for as long as a fault lasts.
        self.client = Redis(unix_socket_path=str(socket))
        file = [str(configuration)] if configuration else []
        self._command = [
            str(binary), *file, "--port", str(port), "--bind", "127.0.0.1", "--unixsocket", str(socket), "--save", "",
            "--appendonly", "yes", "--maxmemory-policy", "noeviction", "--dir", str(self._data),
            "--aof-load-truncated", "yes", *options,
        ]  # fmt: skip
        if version_of(binary)[0] != "6":
            self._command += ["--enable-debug-command", "yes"]
        if sentinel:
            self._command = [str(binary), *file, "--sentinel", "--unixsocket", str(socket), "--dir", str(self._data)]

    async def start(self) -> None:
        """Start and wait until it answers."""
        with (self._folder / "redis.log").open("ab") as log:
            # Python ignores SIGXFSZ, and so does this child: a file at its limit is an error of the write, as a full disk is.
            self.process = subprocess.Popen(
                self._command, stdout=log, stderr=log, preexec_fn=die_with_driver, restore_signals=False,
                start_new_session=True,
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

    async def ask(self, *words: Any) -> Any:
        """Send one command to this server, whatever the others are."""
        return await self.client.execute_command(*words)

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

    async def wake(self) -> None:
        """Start it if it has ended, and let it go on if it stands still."""
        if not self.alive:
            await self.start()
        self.signal(signal.SIGCONT)

    async def stop(self) -> None:
        await self.client.aclose()
        if self.alive:
            self.kill()
