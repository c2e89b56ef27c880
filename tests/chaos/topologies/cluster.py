"""A cluster: three masters with a replica each."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError

from chaos.topologies.process import RedisProcess
from chaos.topologies.servers import GONE_AFTER_MS, Servers, Unready, follows, history_of, port_of_many
from cluster_node import SLOTS
from exosphere_core.store.connection import connect

_MASTERS = 3

#: How long a replica may take to take over, and a lost master to come back as its replica, in s.
_PATIENCE_S = 60.0

#: How many keys one MIGRATE moves.
_KEYS_AT_ONCE = 20


class View(NamedTuple):
    """What one node knows of all.

    Attributes:
        masters: port → its slots, as ranges.
        replicas: port → port of its master.
        whole: whether it misses nobody and no slot is moving.
    """

    masters: dict[int, tuple[tuple[int, int], ...]]
    replicas: dict[int, int]
    whole: bool


def read_view(nodes: dict[str, dict[str, Any]]) -> View:
    """Read what the driver makes of CLUSTER NODES."""
    ports = {node["node_id"]: int(address.rpartition(":")[2]) for address, node in nodes.items()}
    masters, replicas = {}, {}
    whole = True
    for node in nodes.values():
        flags = node["flags"].split(",")
        whole = whole and not node["migrations"] and not {"fail", "fail?", "handshake", "noaddr"} & {*flags}
        if "slave" in flags:
            replicas[ports[node["node_id"]]] = ports.get(node["master_id"], 0)
        elif node["slots"]:
            ranges = tuple((int(first), int(last[0] if last else first)) for first, *last in node["slots"])
            masters[ports[node["node_id"]]] = ranges
    return View(masters, replicas, whole and len(masters) == len(replicas) == _MASTERS)


class ClusterServers(Servers):
    """Our processes are told two of the nodes, and find the others. More shards than masters, so that they spread."""

    shards = 6

    def __init__(self, binary: Path, folder: Path) -> None:
        super().__init__(binary)
        self._folder = folder
        options = [
            "--cluster-enabled", "yes", "--cluster-node-timeout", str(GONE_AFTER_MS), "--repl-diskless-sync", "yes",
            "--repl-diskless-sync-delay", "0",
        ]  # fmt: skip
        self.servers = [
            RedisProcess(binary, folder / f"node{number}", port_of_many(), *options) for number in range(2 * _MASTERS)
        ]
        self.client = connect(self.url())
        #: A slot whose move was begun, and the port it goes to.
        self._moving: tuple[int, int] | None = None

    async def start(self, wires: Sequence[str]) -> None:
        for number, server in enumerate(self.servers):
            await server.start()
            await server.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        step = -(-SLOTS // _MASTERS)
        for number, master in enumerate(self.servers[:_MASTERS]):
            await master.ask("CLUSTER", "ADDSLOTS", *range(number * step, min((number + 1) * step, SLOTS)))
        first, *others = self.servers
        for server in others:
            await server.ask("CLUSTER", "MEET", "127.0.0.1", first.port)

        async def all_met() -> bool:
            known = [await server.ask("CLUSTER NODES") for server in self.servers]
            return all(len(nodes) == len(self.servers) for nodes in known)

        await self._wait(all_met)
        for master, replica in zip(self.servers[:_MASTERS], self.servers[_MASTERS:], strict=True):
            await replica.ask("CLUSTER", "REPLICATE", await self._id_of(master))
        await self._wait(self.is_settled)

    def url(self, wire: str = "") -> str:
        return f"redis+cluster://127.0.0.1:{self.servers[1].port},127.0.0.1:{self.servers[4].port}"

    async def _id_of(self, server: RedisProcess) -> str:
        return str((await server.ask("CLUSTER", "MYID")).decode())

    def at(self, port: int) -> RedisProcess:
        """The server of a port."""
        return next(server for server in self.servers if server.port == port)

    async def view(self) -> View:
        """What all nodes know alike.

        Raises:
            Unready: they do not know the same yet, or one of them is missing.
        """
        if not all(server.alive for server in self.servers):
            raise Unready("a node does not run")
        views = [read_view(await server.ask("CLUSTER NODES")) for server in self.servers]
        if not views[0].whole or any(view != views[0] for view in views):
            raise Unready("the nodes do not know the same of each other yet")
        return views[0]

    async def ready(self) -> View:
        """What all nodes know, if each replica could take over now.

        Raises:
            Unready: one could not yet.
        """
        view = await self.view()
        if {*view.replicas.values()} != view.masters.keys():
            raise Unready("a master has no replica")
        for replica, master in view.replicas.items():
            if not await follows(self.at(replica), self.at(master)):
                raise Unready("a replica does not follow its master yet")
        for server in self.servers:
            if (await server.ask("CLUSTER INFO"))["cluster_state"] != "ok":
                raise Unready("a node takes the cluster for broken")
        return view

    async def is_settled(self) -> bool:
        """Whether each slot has a master, each master a replica, and all know it."""
        try:
            await self.ready()
        except Unready:
            return False
        return True

    async def owner(self, slot: int) -> int:
        """The port of the master that has a slot.

        Raises:
            Unready: the nodes do not agree.
        """
        for port, ranges in (await self.view()).masters.items():
            if any(first <= slot <= last for first, last in ranges):
                return port
        raise Unready(f"nobody has slot {slot}")

    async def move(self, slot: int, source: int, target: int) -> int:
        """Move a slot with all its keys to the master at another port, as an operator does. Returns how many keys it moved."""
        self._moving = slot, target
        view = await self.view()
        giving, taking = self.at(source), self.at(target)
        await taking.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", await self._id_of(giving))
        await giving.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", await self._id_of(taking))
        moved = 0
        while keys := await giving.ask("CLUSTER", "GETKEYSINSLOT", slot, _KEYS_AT_ONCE):
            await giving.ask("MIGRATE", "127.0.0.1", target, "", 0, 5000, "REPLACE", "KEYS", *keys)
            moved += len(keys)
        # The one that takes it first: else nobody would have it for a moment.
        for port in (target, source, *(view.masters.keys() - {target, source})):
            await self.at(port).ask("CLUSTER", "SETSLOT", slot, "NODE", await self._id_of(taking))

        async def all_know() -> bool:
            try:
                return await self.owner(slot) == target
            except Unready:
                return False

        # A replica that takes over claims the slots that it knows of.
        await self._wait(all_know)
        self._moving = None
        return moved

    async def wait_for_successor(self, old: int, replica: int) -> None:
        """Wait until a replica has taken over its master's slots, and the other masters know it."""
        running = [server for server in self.servers if server.alive and server.port != old]

        async def took_over() -> bool:
            views = [read_view(await server.ask("CLUSTER NODES")) for server in running]
            info = [await server.ask("CLUSTER INFO") for server in running]
            return all(replica in view.masters and old not in view.masters for view in views) and all(
                told["cluster_state"] == "ok" for told in info
            )

        await self._wait(took_over)

    async def _wait(self, condition: Callable[[], Awaitable[bool]]) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                if await condition():
                    return
            except (RedisError, OSError):
                pass  # a node loads its file
            assert time.monotonic() < deadline, f"the cluster does not come to rest; see {self._folder}"
            await asyncio.sleep(0.05)

    async def heal(self) -> None:
        for server in self.servers:
            await server.wake()
        if self._moving:
            await self._end_move(*self._moving)
        await self._wait(self.is_settled)
        # Idle connections may have been killed, or lead to what was a master.
        await self.client.connection_pool.disconnect()

    async def _end_move(self, slot: int, target: int) -> None:
        """A fault came in between: the keys that are still with the old owner are moved, too."""

        async def ended() -> bool:
            for server in self.servers:
                await server.ask("CLUSTER", "SETSLOT", slot, "STABLE")
            try:
                source = await self.owner(slot)
            except Unready:
                return False
            if source != target:
                await self.move(slot, source, target)
            return True

        await self._wait(ended)
        self._moving = None

    async def masters(self) -> list[Redis]:
        return [self.at(port).client for port in (await self.view()).masters]

    async def histories(self) -> frozenset[str]:
        return frozenset([await history_of(self.at(port)) for port in (await self.view()).masters])

    async def stop(self) -> None:
        await self.client.aclose()
        for server in self.servers:
            await server.stop()
