"""A master, its replica, and three Sentinels that watch them."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from chaos.topologies.process import RedisProcess
from chaos.topologies.servers import GONE_AFTER_MS, Servers, Unready, follows, history_of, port_of_many
from exosphere_core.store.connection import connect

SERVICE = "work"
_SENTINELS = 3

#: How long a failover, and the return of the old master as a replica, may take, in s.
_PATIENCE_S = 60.0


class WatchedServers(Servers):
    """Our processes ask the Sentinels for the master."""

    def __init__(self, binary: Path, folder: Path) -> None:
        super().__init__(binary)
        ports = [port_of_many() for _ in range(2 + _SENTINELS)]
        self._folder = folder
        first = ports[0]
        # Which of them is the master is up to the Sentinels, who write it into the servers' files.
        self.servers = [
            self._server(folder / "first", first, ""),
            self._server(folder / "second", ports[1], f"replicaof 127.0.0.1 {first}"),
        ]
        self.sentinels = [
            self._sentinel(folder / f"sentinel{number}", port, first) for number, port in enumerate(ports[2:])
        ]
        self.client = connect(self.url())

    def _server(self, folder: Path, port: int, role: str) -> RedisProcess:
        folder.mkdir()
        options = ["--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0"]
        return RedisProcess(self.binary, folder, port, *options, configuration=self._written(folder, role))

    def _sentinel(self, folder: Path, port: int, master: int) -> RedisProcess:
        folder.mkdir()
        text = (
            f"port {port}\nbind 127.0.0.1\nsentinel monitor {SERVICE} 127.0.0.1 {master} 2\n"
            f"sentinel down-after-milliseconds {SERVICE} {GONE_AFTER_MS}\n"
            f"sentinel failover-timeout {SERVICE} 3000\n"
        )
        return RedisProcess(self.binary, folder, port, configuration=self._written(folder, text), sentinel=True)

    @staticmethod
    def _written(folder: Path, text: str) -> Path:
        path = folder / "redis.conf"
        path.write_text(text + "\n")
        return path

    async def start(self, wires: Sequence[str]) -> None:
        for server in (*self.servers, *self.sentinels):
            await server.start()
        await self._wait(self.is_settled)

    def url(self, wire: str = "") -> str:
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{SERVICE}"

    async def master(self) -> RedisProcess:
        """The server that all Sentinels call the master.

        Raises:
            Unready: they are not at one.
        """
        named = {(await self._told(sentinel))["port"] for sentinel in self.sentinels}
        if len(named) != 1:
            raise Unready("the Sentinels are not at one about the master")
        (port,) = named
        return next(server for server in self.servers if server.port == port)

    async def _told(self, sentinel: RedisProcess) -> dict[str, Any]:
        told: dict[str, dict[str, Any]] = await sentinel.client.sentinel_masters()
        return told[SERVICE]

    async def is_settled(self) -> bool:
        """Whether one server is the master for everybody, the other follows it, and each Sentinel could have it replaced."""
        try:
            master = await self.master()
        except Unready:
            return False
        (other,) = (server for server in self.servers if server is not master)
        if not (master.alive and other.alive and await follows(other, master)):
            return False
        if (await master.client.info("replication"))["role"] != "master":
            return False
        for sentinel in self.sentinels:
            told = await self._told(sentinel)
            (replica,) = await sentinel.client.sentinel_slaves(SERVICE) or [{}]
            if told["flags"] != "master" or int(told["num-other-sentinels"]) != _SENTINELS - 1:
                return False
            if replica.get("flags") != "slave" or replica.get("master-link-status") != "ok":
                return False
        return True

    async def ready(self) -> RedisProcess:
        """The master, if its replica could take over now.

        Raises:
            Unready: it could not yet.
        """
        if not await self.is_settled():
            raise Unready("the servers are not settled after an earlier failover")
        return await self.master()

    async def wait_for_successor(self, old: RedisProcess) -> None:
        """Wait until the other server takes writes and the Sentinels name it."""
        (other,) = (server for server in self.servers if server is not old)

        async def took_over() -> bool:
            try:
                named = await self.master() is other
            except Unready:
                return False
            return named and (await other.client.info("replication"))["role"] == "master"

        await self._wait(took_over)

    async def _wait(self, condition: Any) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                if await condition():
                    return
            except (RedisError, OSError, KeyError):
                pass  # a server loads its file, or a Sentinel does not know it yet
            assert time.monotonic() < deadline, f"the Sentinels do not come to rest; see {self._folder}"
            await asyncio.sleep(0.05)

    async def heal(self) -> None:
        for server in (*self.servers, *self.sentinels):
            await server.wake()
        await self._wait(self.is_settled)
        # Idle connections may lead to what was the master, or have been killed.
        await self.client.connection_pool.disconnect()

    async def masters(self) -> list[Redis]:
        return [(await self.master()).client]

    async def histories(self) -> frozenset[str]:
        return frozenset([await history_of(await self.master())])

    async def stop(self) -> None:
        await self.client.aclose()
        for server in (*self.sentinels, *self.servers):
            await server.stop()
