"""What the campaign needs of the Redis of one of its parts, whether that is one server or many."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from redis.asyncio import Redis

from chaos.topologies.process import RedisProcess, version_of
from cluster_node import cluster_port

#: Ports from here on may be given to any connection for a while, and with it be taken when a server is started again.
_LOWEST_OF_SYSTEM = 32_768

#: A server that can't be reached for so long is replaced by its replica, ms.
GONE_AFTER_MS = 2000


#: A replica that can take over has what its master had so long ago, s.
_CATCH_UP_S = 1.0


class Unready(Exception):
    """A fault can't strike yet: what an earlier one did is not over."""


class Servers(ABC):
    """The Redis of a part.

    Attributes:
        client: the driver's own, past every proxy.
        shards: how many the namespace is split over.
    """

    client: Redis
    shards = 1

    def __init__(self, binary: Path) -> None:
        self.binary = binary
        self.version = version_of(binary)

    @abstractmethod
    async def start(self, wires: Sequence[str]) -> None:
        """Start all and wait until they can be used.

        Args:
            wires: names of ways to Redis, each of which may misbehave by itself where there is a proxy.
        """

    @abstractmethod
    def url(self, wire: str = "") -> str:
        """The URL for our processes; without a wire, that past the proxy."""

    @abstractmethod
    async def heal(self) -> None:
        """Faults have ended: let everything run again, and wait until each server is what it is to be."""

    @abstractmethod
    async def masters(self) -> list[Redis]:
        """Clients of the driver's own, one for each server that takes writes: no CLIENT KILL of a fault strikes them."""

    @abstractmethod
    async def histories(self) -> frozenset[str]:
        """Which histories of writes are served now: another one after a replica has taken over, which may lack some."""

    @abstractmethod
    async def stop(self) -> None:
        """End all."""


async def history_of(server: RedisProcess) -> str:
    """The name of the history of writes that a server serves. A replica begins one of its own as it takes over."""
    return str((await server.client.info("replication"))["master_replid"])


async def follows(server: RedisProcess, master: RedisProcess) -> bool:
    """Whether a server is a replica of another one, and has what that one had a second ago.

    While a replica that was synchronised anew catches up, the link is up and it may lack what is much older: whoever loses
    the master then has lost two servers at once.
    """
    had = int((await master.client.info("replication"))["master_repl_offset"])
    deadline = time.monotonic() + _CATCH_UP_S
    while True:
        told = await server.client.info("replication")
        if (
            told["role"] != "slave"
            or int(told["master_port"]) != master.port
            or told["master_link_status"] != "up"
            or int(told["master_sync_in_progress"])
        ):
            return False
        if int(told["slave_repl_offset"]) >= had:
            return True
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)


def port_of_many() -> int:
    """A free port of a server that is started again at the same one; so is that 10,000 above it, where nodes of a cluster speak."""
    while (port := cluster_port()) + 10_000 >= _LOWEST_OF_SYSTEM:
        pass
    return port
