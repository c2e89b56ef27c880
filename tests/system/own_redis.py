"""A Redis server that a test has for itself: it may be stopped, killed, and robbed of what it acknowledged last."""

import signal
from pathlib import Path

from redis import Redis

from conftest import answers, redis_server_binary
from ports import free_port
from system.stack import Stack, wait_for

NAME = "redis"


class OwnRedis:
    """Listens at a port and a Unix socket, and writes an append-only file of which a part can be cut off.

    Args:
        stack: its process is one of this stack's.
    """

    def __init__(self, stack: Stack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder
        self.port = free_port()
        self.url = f"unix://{folder / 'redis.sock'}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        # One plain file, so that any length of it that ends with a command is what a server may come back with.
        self._stack.start(NAME, [
            redis_server_binary(), "--port", str(self.port), "--unixsocket", str(self._folder / "redis.sock"),
            "--dir", str(self._folder), "--save", "", "--appendonly", "yes", "--appendfsync", "always",
            "--auto-aof-rewrite-percentage", "0",
        ])  # fmt: skip
        wait_for("Redis answers", lambda: answers(self.url))

    def kill(self) -> None:
        self._stack.kill(NAME)

    def signal(self, number: signal.Signals) -> None:
        self._stack.signal(NAME, number)

    def client(self) -> "Redis":
        return Redis.from_url(self.url)

    def written(self) -> int:
        """How long the append-only file is now, in bytes."""
        return self._file().stat().st_size

    def forget_since(self, length: int) -> None:
        """The dead server's file ends where it ended once: what was acknowledged since is lost."""
        with self._file().open("r+b") as file:
            file.truncate(length)

    def _file(self) -> Path:
        # Redis 7 and later have a folder of several files; the commands are in the last one.
        several = sorted(self._folder.glob("appendonlydir/*.incr.aof"))
        return several[-1] if several else self._folder / "appendonly.aof"
