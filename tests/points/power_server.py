"""Servers whose power fails: each keeps an append-only file, which is cut, and is then started twice."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from functools import cache
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from conftest import die_with_driver
from exosphere_orchestrator.embedded.binary import ServerBinary, find_server
from exosphere_orchestrator.embedded.configuration import Address, server_configuration
from exosphere_orchestrator.embedded.server import EmbeddedRedis
from points.line import Line

_DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
_PASSWORD = "a-password_of-the-test"
_BOUND_S = 30.0

#: What is written between two restarts.
PROBE = b"probe"


class Bare:
    """A server as a careless operator has it: the torn tail is skipped when it is loaded, and appended after.

    Args:
        folder: its own.
        appendfsync: when it writes its file through to the disk, `always` or `everysec`.
    """

    def __init__(self, folder: Path, appendfsync: str = "everysec") -> None:
        self.folder = folder
        self.appendfsync = appendfsync
        self.socket = folder / "s"
        self.password = _PASSWORD
        self._data = folder / "data"
        self._data.mkdir(parents=True, exist_ok=True)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def file(self) -> Path:
        """The append-only file."""
        return self._data / "appendonly.aof"

    def start(self) -> None:
        """Start it on what the file holds, as one does before work goes on."""
        self.load()

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self.socket.unlink(missing_ok=True)

    def client(self) -> "Redis":
        """A client of its own."""
        return Redis(unix_socket_path=str(self.socket), password=self.password)

    def line(self) -> Line:
        """A socket to it."""
        return Line(str(self.socket), self.password)

    def lose_power(self, kept: bytes) -> None:
        """What was not yet on the disk is gone: only this much of the file is kept. Started twice, with writes between."""
        self.kill()
        self.file.write_bytes(kept)
        self.start()
        with closing(self.line()) as line:
            # A transaction, as any script is: its end could become the end of a torn one before it.
            size = self.file.stat().st_size
            for words in ([b"MULTI"], [b"SET", PROBE, b"1"], [b"INCR", PROBE], [b"EXEC"]):
                line.exchange(words)
            deadline = time.monotonic() + _BOUND_S
            # With `everysec` a write waits for the one before it to come to the disk.
            while self.file.stat().st_size == size:
                assert time.monotonic() < deadline, "the file is not appended to"
                time.sleep(0.001)
        self.kill()
        self.load()

    def load(self) -> None:
        """Start it on what the file holds, and wait until it answers. Nothing is to be written from here on."""
        configuration = self.folder / "redis.conf"
        binary = _binary()
        address = Address(self.socket, 0)
        # Looked at often: a rewrite is over when it is over.
        more = f"hz 500\nauto-aof-rewrite-percentage 0\nappendfsync {self.appendfsync}\n"
        configuration.write_text(server_configuration(binary, self._data, address, self.password) + more)
        self._spawn([str(binary.path), str(configuration)], {})

    def _spawn(self, command: list[str], environ: Mapping[str, str]) -> None:
        with (self.folder / "out.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, env={**os.environ, **environ}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=die_with_driver,
            )  # fmt: skip
        deadline = time.monotonic() + _BOUND_S
        while True:
            assert self._process.poll() is None, (self.folder / "out.log").read_text()[-2000:]
            assert time.monotonic() < deadline, "redis-server does not answer"
            # Before it has read its file, it refuses.
            with suppress(OSError, RedisError), closing(self.line()) as line:
                if line.exchange([b"PING"]) == b"PONG":
                    return
            time.sleep(0.001)

    def rewrite(self) -> None:
        """Have the file written anew, and wait until it is. On a busy machine Redis may give up in between."""
        deadline = time.monotonic() + _BOUND_S
        with closing(self.line()) as line:
            line.exchange([b"BGREWRITEAOF"])
            while True:
                facts = _persistence(line)
                if facts["aof_rewrite_in_progress"] == facts["aof_rewrite_scheduled"] == "0":
                    if facts["aof_last_bgrewrite_status"] == "ok":
                        return
                    line.exchange([b"BGREWRITEAOF"])
                assert time.monotonic() < deadline, "the file is not written anew"
                time.sleep(0.002)


class AsEmbedded(Bare):
    """Started as the embedded server is: the file is written anew before anybody else speaks to it."""

    def start(self) -> None:
        had_data = self.file.exists()
        super().start()
        if had_data:
            self.rewrite()


class AsDeployed(Bare):
    """Started as the files of a deployment start it."""

    def load(self) -> None:
        tools = self.folder / "bin"
        tools.mkdir(exist_ok=True)
        for name in ("redis-server", "redis-check-aof"):
            if not (tools / name).exists():
                (tools / name).symlink_to(_binary().path)
        configuration = self.folder / "redis.conf"
        configuration.write_text(
            f"include {_DEPLOY / 'redis.conf'}\nunixsocket {self.socket}\nappendfsync {self.appendfsync}\n"
        )
        environ = {
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "REDIS_PASSWORD": self.password,
            "REDIS_CONF": str(configuration), "REDIS_DATA": str(self._data), "REDIS_PORT": "0",
        }  # fmt: skip
        self._spawn([str(_DEPLOY / "redis-start.sh")], environ)


class Embedded(Bare):
    """The embedded server itself."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._embedded = EmbeddedRedis(folder)
        self.socket = folder / "redis" / "redis.sock"

    @property
    def file(self) -> Path:
        return self.folder / "redis" / "appendonly.aof"

    def load(self) -> None:
        self._embedded.start()
        self.password = (self.folder / "redis" / "password").read_text().strip()

    def kill(self) -> None:
        self._embedded.kill()


@cache
def _binary() -> ServerBinary:
    return find_server()


def _persistence(line: Line) -> dict[str, str]:
    text = line.exchange([b"INFO", b"persistence"]).decode()
    return dict(row.split(":", 1) for row in text.splitlines() if ":" in row)


def remove(server: Bare) -> None:
    """End a server and its data."""
    server.kill()
    shutil.rmtree(server.folder, ignore_errors=True)
