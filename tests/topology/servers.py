"""Redis servers of a test, alone and together: nodes of a cluster, a master with replica and Sentinels, one with TLS."""

import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from redis import Redis

from cluster_node import SLOTS, cluster_is_ok, cluster_port, redis_is_up
from conftest import die_with_driver, redis_server_binary
from system.stack import wait_for

#: A node of a cluster, or a master that Sentinels watch, is given up after this time, ms.
GONE_AFTER_MS = 2000


class Server:
    """A Redis server of a test."""

    def __init__(
        self, folder: Path, port: int, *options: str, sentinel: bool = False, binary: str | None = None
    ) -> None:
        self.folder = folder
        self.port = port
        folder.mkdir(parents=True, exist_ok=True)
        base = ["--port", str(port)] if not sentinel else []
        self._command = [
            binary or redis_server_binary(), *options, *base, "--dir", str(folder), "--bind", "127.0.0.1"
        ]  # fmt: skip
        self.redis: Any = Redis(port=port, socket_timeout=10)
        self.start()

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log, preexec_fn=die_with_driver)
        redis_is_up(self.redis)

    def kill(self) -> None:
        # One that stands still would not be reaped.
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait(timeout=20)

    def close(self) -> None:
        self.redis.close()
        self.kill()

    def ask(self, *words: Any) -> Any:
        return self.redis.execute_command(*words)


def memory_only(*options: str) -> tuple[str, ...]:
    return ("--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction", *options)


class Cluster:
    """Three masters, and a replica of the first one.

    Args:
        replica: whether there is one.
        options: of each server; by default it keeps nothing on the disk.
        binary: the server; None for the embedded default.
        announced: for a server's port the one that clients are told.
    """

    def __init__(
        self,
        folder: Path,
        *,
        replica: bool = True,
        options: Sequence[str] | None = None,
        binary: str | None = None,
        announced: Callable[[int], int] | None = None,
    ) -> None:
        own = memory_only() if options is None else options
        clustered = ("--cluster-enabled", "yes", "--cluster-node-timeout", str(GONE_AFTER_MS))
        self._exit = ExitStack()
        self.servers: list[Server] = []
        for number in range(4 if replica else 3):
            port = cluster_port()
            told = (
                ("--cluster-announce-port", str(announced(port)), "--cluster-announce-bus-port", str(port + 10_000))
                if announced
                else ()
            )
            server = Server(folder / f"node{number}", port, *own, *clustered, *told, binary=binary)
            self._exit.callback(server.close)
            self.servers.append(server)
            server.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        self.masters = self.servers[:3]
        step = -(-SLOTS // 3)
        for number, master in enumerate(self.masters):
            master.ask("CLUSTER", "ADDSLOTS", *range(number * step, min((number + 1) * step, SLOTS)))
        first = self.servers[0]
        for server in self.servers[1:]:
            server.ask("CLUSTER", "MEET", "127.0.0.1", first.port)
        for server in self.servers:
            wait_for("the nodes know each other", lambda one=server: len(one.ask("CLUSTER NODES")) == len(self.servers))
        if replica:
            self.replica.ask("CLUSTER", "REPLICATE", self.id_of(first))
        for server in self.servers:
            cluster_is_ok(server.redis)
        if replica:
            wait_for(
                "the replica follows", lambda: self.replica.redis.info("replication").get("master_link_status") == "up"
            )
            # From 7.0 on a replica that never got a command is told of to nobody.
            first.ask("FLUSHALL")
            wait_for("everybody tells of the replica", lambda: all(map(self._tells_of_replica, self.servers)))

    @property
    def replica(self) -> Server:
        """The replica of the first master."""
        return self.servers[3]

    def _tells_of_replica(self, server: Server) -> bool:
        found: list[list[Any]] = server.redis.execute_command("CLUSTER", "SLOTS")
        return any(int(node[1]) == self.replica.port for _, _, *nodes in found for node in nodes)

    @property
    def url(self) -> str:
        """Two of its nodes are told; the others are found."""
        return f"redis+cluster://127.0.0.1:{self.servers[1].port},127.0.0.1:{self.servers[2].port}"

    def id_of(self, server: Server) -> str:
        return str(server.redis.cluster("MYID").decode())

    def owner(self, slot: int) -> Server:
        """The master that has a slot."""
        for first, last, master, *_ in self.masters[1].redis.execute_command("CLUSTER", "SLOTS"):
            if first <= slot <= last:
                (found,) = [server for server in self.servers if server.port == int(master[1])]
                return found
        raise AssertionError(f"nobody has slot {slot}")

    def move(self, slot: int, source: Server, target: Server) -> int:
        """Move a slot with all its keys, as an operator does, under way. Returns how many keys it moved."""
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", self.id_of(source))
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", self.id_of(target))
        moved = 0
        while keys := source.ask("CLUSTER", "GETKEYSINSLOT", slot, 20):
            source.ask("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
            moved += len(keys)
        for server in (target, source, *self.masters):
            server.ask("CLUSTER", "SETSLOT", slot, "NODE", self.id_of(target))
        return moved

    def close(self) -> None:
        self._exit.close()


class Watched:
    """A master, its replica, and Sentinels that watch them: most of them must agree on what is done.

    Args:
        binary: the server; None for the embedded default.
        announced: for a server's port the one that clients and Sentinels are told.
    """

    SERVICE = "work"

    def __init__(
        self, folder: Path, sentinels: int = 1, binary: str | None = None, announced: Callable[[int], int] | None = None
    ) -> None:
        self._exit = ExitStack()
        self._binary = binary
        self._quorum = sentinels // 2 + 1
        told = announced or (lambda port: port)
        port, other = cluster_port(), cluster_port()
        self.master = self._started(Server(folder / "master", port, *self._options(told(port)), binary=binary))
        self._watched = told(port)
        follows = (*self._options(told(other)), "--replicaof", "127.0.0.1", str(self._watched))
        self.replica = self._started(Server(folder / "replica", other, *follows, binary=binary))
        wait_for("the replica follows", lambda: self.replica.redis.info("replication")["master_link_status"] == "up")
        self.sentinels = [self._sentinel(folder / f"sentinel{number}") for number in range(sentinels)]
        for sentinel in self.sentinels:
            wait_for("the Sentinel knows the replica", lambda one=sentinel: self._state(one)["num-slaves"] == 1)
            wait_for(
                "the Sentinels know each other",
                lambda one=sentinel: self._state(one)["num-other-sentinels"] == sentinels - 1,
            )

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{self.SERVICE}"

    def _options(self, told: int) -> tuple[str, ...]:
        return memory_only("--replica-announce-ip", "127.0.0.1", "--replica-announce-port", str(told))

    def _started(self, server: Server) -> Server:
        self._exit.callback(server.close)
        return server

    def _state(self, sentinel: Server) -> dict[str, Any]:
        state: dict[str, Any] = sentinel.redis.sentinel_masters()[self.SERVICE]
        return state

    def _sentinel(self, folder: Path) -> Server:
        port = cluster_port()
        folder.mkdir(parents=True)
        configuration = folder / "sentinel.conf"
        configuration.write_text(
            f"port {port}\nsentinel monitor {self.SERVICE} 127.0.0.1 {self._watched} {self._quorum}\n"
            f"sentinel down-after-milliseconds {self.SERVICE} {GONE_AFTER_MS}\n"
            f"sentinel failover-timeout {self.SERVICE} 5000\n"
        )
        return self._started(Server(folder, port, str(configuration), "--sentinel", sentinel=True, binary=self._binary))

    def close(self) -> None:
        self._exit.close()
