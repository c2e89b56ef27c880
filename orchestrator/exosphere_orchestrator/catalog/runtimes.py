"""Who executes the nodes of a namespace."""

from collections.abc import Sequence
from typing import NamedTuple

from exosphere_core.keys import RUNTIMES_GROUP, ShardKeys
from exosphere_core.store import catalog
from exosphere_core.store.connection import Redis
from exosphere_core.store.queues import read_consuming
from exosphere_core.store.registrations import (
    Registration,
    forget_registrations,
    read_registration,
    read_registrations,
    save_registration,
    silent_since,
)
from exosphere_core.store.upkeep import forget_consumers

#: A consumer is forgotten however short a time ago it was heard of.
_ANY_TIME = -1


class RuntimeRecord(NamedTuple):
    """A runtime, as its registration and its queues tell."""

    id: str
    registration: Registration | None
    #: ms since it last spoke to one of its queues; None when it never did.
    idle_ms: int | None
    nodes: list[str]
    running: int


async def register(
    redis: Redis, namespace: str, runtime: str, name: str, nodes: Sequence[str], version: str | None = None
) -> None:
    """Note that a runtime is there."""
    before = await read_registration(redis, namespace, runtime)
    since = before.registered_at if before else await catalog.now_ms(redis)
    await save_registration(redis, namespace, runtime, Registration(name, tuple(sorted(nodes)), since, version))


async def read_runtimes(redis: Redis, namespace: str, shards: int) -> list[RuntimeRecord]:
    """Read the runtimes of a namespace, in order of the id: those that registered, and those that take from a queue."""
    registrations = await read_registrations(redis, namespace)
    homes = [ShardKeys(namespace, shard) for shard in range(shards)]
    nodes = await catalog.read_node_names(redis, namespace)
    idle: dict[str, int] = {}
    running: dict[str, int] = {}
    taken_from: dict[str, set[str]] = {}
    for found in await read_consuming(redis, homes, nodes):
        idle[found.runtime] = min(found.idle_ms, idle.get(found.runtime, found.idle_ms))
        running[found.runtime] = running.get(found.runtime, 0) + found.running
        taken_from.setdefault(found.runtime, set()).add(found.node)
    return [
        RuntimeRecord(
            id=runtime,
            registration=(known := registrations.get(runtime)),
            idle_ms=idle.get(runtime),
            nodes=list(known.nodes) if known else sorted(taken_from[runtime]),
            running=running.get(runtime, 0),
        )
        for runtime in sorted({*registrations, *idle})
    ]


async def withdraw(redis: Redis, namespace: str, shards: int, runtime: str) -> bool:
    """Forget a runtime that has stopped. Returns whether nothing is left of it: what it holds is not taken from it here."""
    known = await read_registration(redis, namespace, runtime)
    if known is None:
        return True
    homes = [ShardKeys(namespace, shard) for shard in range(shards)]
    ready = [home.ready(node) for home in homes for node in known.nodes]
    await forget_consumers(redis, ready, RUNTIMES_GROUP, _ANY_TIME, runtime)
    if any(left.runtime == runtime for left in await read_consuming(redis, homes, known.nodes)):
        return False
    await forget_registrations(redis, namespace, [runtime])
    return True


async def forget_gone(redis: Redis, namespace: str, shards: int, silent_ms: int) -> int:
    """Forget registrations of runtimes that no queue has heard of. Returns how many.

    Args:
        silent_ms: one that registered within this time may not have read anything yet.
    """
    found = await read_runtimes(redis, namespace, shards)
    before = await catalog.now_ms(redis) - silent_ms
    registrations = {each.id: each.registration for each in found if each.registration}
    gone = silent_since(registrations, (each.id for each in found if each.idle_ms is not None), before)
    await forget_registrations(redis, namespace, gone)
    return len(gone)
