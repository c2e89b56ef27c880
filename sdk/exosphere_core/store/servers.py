"""Looking at the servers behind the address: who they are, and how full."""

import asyncio
from typing import NamedTuple

from redis.asyncio import Redis

from exosphere_core.store.connection import servers
from exosphere_core.store.master_pool import MasterPool


class ServerLook(NamedTuple):
    """What a look at one server that takes writes shows."""

    #: Another one after each start of the server, and on another server.
    run_id: str
    #: Memory that counts against the limit, in bytes.
    used_bytes: int
    #: `maxmemory`, in bytes; 0 for no limit.
    max_bytes: int


class CommandTime(NamedTuple):
    """What a server tells of a command since it began."""

    calls: int
    seconds: float


def turns(redis: "Redis") -> int:
    """Tell how often the connections of a client were led to another master by Sentinels."""
    pool = getattr(redis, "connection_pool", None)
    return pool.turns if isinstance(pool, MasterPool) else 0


async def look(redis: "Redis") -> list[ServerLook]:
    """Look at each server that takes writes."""
    return list(await asyncio.gather(*(_look(server) for server in await servers(redis))))


async def _look(server_client: "Redis") -> ServerLook:
    pipeline = server_client.pipeline(transaction=False)
    pipeline.info("server")
    pipeline.info("memory")
    server, memory = await pipeline.execute()
    # Buffers for replicas and the append-only file are not counted by the server itself either.
    used = int(memory["used_memory"]) - int(memory.get("mem_not_counted_for_evict", 0))
    return ServerLook(str(server["run_id"]), used, int(memory.get("maxmemory", 0)))


async def read_command_times(redis: "Redis") -> dict[str, dict[str, CommandTime]]:
    """Ask each server that takes writes how often it executed which command and how long that took, by its address.

    What a script calls counts for that command, and within the script's own time.
    """
    clients = await servers(redis)
    told = await asyncio.gather(*(client.info("commandstats") for client in clients))
    return {
        _address(client): {
            name.removeprefix("cmdstat_").replace("|", " "): CommandTime(int(of["calls"]), int(of["usec"]) / 1e6)
            for name, of in stats.items()
        }
        for client, stats in zip(clients, told, strict=True)
    }


def _address(client: "Redis") -> str:
    pool = client.connection_pool
    if isinstance(pool, MasterPool):
        host, port = pool.master_address or ("unknown", 0)
        return f"{host}:{port}"
    known = pool.connection_kwargs
    return str(known["path"]) if "path" in known else f"{known.get('host', 'localhost')}:{known.get('port', 6379)}"
