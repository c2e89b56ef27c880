"""What about the settings of Redis can lose work, or stop it."""

from collections.abc import Sequence
from typing import NamedTuple

from redis.asyncio import Redis

from exosphere_core.errors import ConfigurationError
from exosphere_core.store.connection import servers as servers_of
from exosphere_core.store.durable import Safety
from exosphere_core.store.faults import ResponseError
from exosphere_core.store.several import ask_those_there

#: Since this version a server can be asked to wait for its disk.
_WAITAOF = (7, 2)


class ServerSettings(NamedTuple):
    """Of a server, what decides about what it keeps. Text as the server spells it; empty where it does not tell."""

    policy: str
    max_bytes: int
    keeps_file: bool
    fsync: str
    load_truncated: str
    replicas: int
    min_replicas: str


class Findings(NamedTuple):
    """What is to be said about a server, each with the fix or the meaning."""

    #: It can lose work.
    warnings: list[str]
    #: It is as one may want it, and should be known.
    notes: list[str]


async def read_settings(redis: "Redis") -> tuple[list[ServerSettings], int]:
    """Read the settings of each server that takes writes.

    Returns:
        Those of the servers that answer, and how many do not: masters of a cluster, while others are there.
    """
    return await ask_those_there(_read(server) for server in await servers_of(redis))


async def _read(redis: "Redis") -> ServerSettings:
    memory = await redis.info("memory")
    persistence = await redis.info("persistence")
    replication = await redis.info("replication")
    told: dict[str, str] = {}
    for name in ("appendfsync", "aof-load-truncated", "min-replicas-to-write"):
        try:
            reply: dict[bytes | str, bytes | str] = await redis.config_get(name)
        except ResponseError:
            # Some who offer Redis as a service let nobody read its configuration.
            break
        told.update({_text(key): _text(value) for key, value in reply.items()})
    return ServerSettings(
        policy=str(memory.get("maxmemory_policy", "noeviction")),
        max_bytes=int(memory.get("maxmemory", 0)),
        keeps_file=bool(int(persistence.get("aof_enabled", 0))),
        fsync=told.get("appendfsync", ""),
        load_truncated=told.get("aof-load-truncated", ""),
        replicas=int(replication.get("connected_slaves", 0)),
        min_replicas=told.get("min-replicas-to-write", ""),
    )


def findings(servers: Sequence[ServerSettings], safety: Safety, away: int = 0) -> Findings:
    """Judge the servers' settings. What is the same of several is said once.

    Args:
        away: how many servers do not answer.
    """
    each = [_findings(server, safety) for server in servers]
    if away:
        masters = "a master" if away == 1 else f"{away} masters"
        lost = (
            f"{masters} of the cluster can't be reached: what is there waits until a replica takes over, or it is back"
        )
        each.append(Findings([lost], []))
    return Findings(
        list(dict.fromkeys(warning for found in each for warning in found.warnings)),
        list(dict.fromkeys(note for found in each for note in found.notes)),
    )


def _findings(server: ServerSettings, safety: Safety) -> Findings:
    warnings, notes = [], []
    if server.policy != "noeviction":
        warnings.append(
            f"Redis may evict records when its memory is full (maxmemory-policy {server.policy}): work would be lost; "
            "set maxmemory-policy noeviction"
        )
    if not server.keeps_file:
        warnings.append(
            "Redis keeps no append-only file: a restart of it loses work; set appendonly yes (see docs/guarantees.md)"
        )
    elif server.fsync == "no":
        warnings.append(
            "Redis leaves it to the system when its append-only file reaches the disk (appendfsync no): a power failure "
            "loses half a minute of work; set appendfsync everysec or always"
        )
    elif server.fsync == "everysec":
        notes.append(
            "Redis writes its append-only file to the disk every second (appendfsync everysec): a power failure loses up to two "
            "seconds, after which the system goes on from before; set appendfsync always where that is too much"
        )
    if server.keeps_file and server.load_truncated == "yes":
        notes.append(
            "Redis cuts off a torn end of its append-only file by itself (aof-load-truncated yes): after two crashes half of a "
            "step could be applied, unless the file is rewritten at each start, as the embedded server's is; set no, and start it by "
            "way of redis-check-aof --fix, as deploy/ does"
        )
    if server.replicas and server.min_replicas == "0":
        warnings.append(
            f"Redis has {server.replicas} {'replica' if server.replicas == 1 else 'replicas'} and takes writes that none of them has "
            "(min-replicas-to-write 0): a failover loses what was acknowledged meanwhile; set min-replicas-to-write 1, "
            "and EXOSPHERE_TRIGGER_REPLICAS"
        )
    if server.replicas < safety.replicas:
        warnings.append(
            f"Redis has {server.replicas} of the {safety.replicas} replicas that triggers wait for (EXOSPHERE_TRIGGER_REPLICAS): "
            "every trigger is answered 503 until there are as many"
        )
    if not server.max_bytes:
        notes.append(
            "Redis has no memory limit (maxmemory 0): it may be killed when the machine has none left; "
            "set maxmemory, or EXOSPHERE_MAX_MEMORY_BYTES"
        )
    return Findings(warnings, notes)


def check_safety(version: tuple[int, ...], servers: Sequence[ServerSettings], safety: Safety) -> None:
    """Check that the servers can do what triggers are to wait for.

    Args:
        version: of the oldest one.

    Raises:
        ConfigurationError: one can't.
    """
    if not safety.fsync:
        return
    if version < _WAITAOF:
        raise ConfigurationError(
            f"EXOSPHERE_TRIGGER_FSYNC needs Redis 7.2 or later, and this one is {'.'.join(map(str, version))}; "
            "unset it, and set appendfsync always, by which every write is on the disk before it is answered"
        )
    if not all(server.keeps_file for server in servers):
        raise ConfigurationError(
            "EXOSPHERE_TRIGGER_FSYNC needs a Redis that keeps an append-only file; set appendonly yes"
        )


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
