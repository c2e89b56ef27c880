"""One server, and a proxy before it."""

from collections.abc import Sequence
from pathlib import Path

from redis.asyncio import Redis

from chaos.topologies.process import RedisProcess
from chaos.topologies.servers import Servers
from chaos.wires import Wires
from ports import free_port


class SingleServer(Servers):
    """A server with an append-only file. Our processes reach it through the proxy alone.

    Args:
        folder: for its data.
        fsync: `always` or `everysec`.
    """

    def __init__(self, binary: Path, folder: Path, fsync: str) -> None:
        super().__init__(binary)
        self.fsync = fsync
        self.process = RedisProcess(binary, folder / "redis", free_port(), "--appendfsync", fsync)
        self.client = self.process.client
        self.wires = Wires()

    async def start(self, wires: Sequence[str]) -> None:
        await self.process.start()
        await self.wires.start(self.process.port, wires)

    def url(self, wire: str = "") -> str:
        return f"redis://127.0.0.1:{self.wires.ports[wire] if wire else self.process.port}"

    async def heal(self) -> None:
        await self.process.wake()
        self.process.limit_files(None)
        await self.client.config_set("maxmemory", 0)

    async def masters(self) -> list[Redis]:
        return [self.client]

    async def histories(self) -> frozenset[str]:
        """Always the same: what it loses is what its faults take away from it."""
        return frozenset()

    async def stop(self) -> None:
        await self.wires.stop()
        await self.process.stop()
