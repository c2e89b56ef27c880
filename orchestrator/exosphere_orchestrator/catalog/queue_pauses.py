"""Pausing and resuming the queues of nodes."""

import asyncio
from collections.abc import Sequence

from exosphere_core.errors import NotFound
from exosphere_core.keys import ShardKeys
from exosphere_core.store import catalog, pauses
from exosphere_core.store.connection import Redis

#: How often ready streams are made to follow when others change the note meanwhile.
_TRIES = 10


async def pause(redis: Redis, namespace: str, node: str, shards: int) -> int:
    """Hand out no state of a node until it is resumed, to whichever runtime. Returns since when it is so, in unix ms.

    Raises:
        NotFound: no such node was ever registered.
        exosphere_core.store.faults.LOST: a shard can't be reached: it follows within a minute of being back.
    """
    await _check_node(redis, namespace, node)
    since = await pauses.note_queue_pause(redis, namespace, node)
    await follow(redis, namespace, [node], shards)
    return since


async def resume(redis: Redis, namespace: str, node: str, shards: int) -> None:
    """Hand out the states of a node again.

    Raises:
        NotFound, exosphere_core.store.faults.LOST: as `pause`.
    """
    await _check_node(redis, namespace, node)
    await pauses.note_queue_resumed(redis, namespace, node)
    await follow(redis, namespace, [node], shards)


async def follow(redis: Redis, namespace: str, nodes: Sequence[str], shards: int) -> int:
    """Make the ready streams of nodes give out, or not, as is noted. Returns how many did otherwise.

    Raises:
        exosphere_core.store.faults.LOST: a shard can't be reached; the others follow.
    """
    changed = 0
    wanted = await noted(redis, namespace)
    for _ in range(_TRIES):
        answers = await asyncio.gather(
            *(pauses.follow(redis, ShardKeys(namespace, shard), nodes, wanted) for shard in range(shards)),
            return_exceptions=True,
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            changed += answer
        # A call at another state manager may have noted the opposite, and its streams may have followed before ours.
        before, wanted = wanted, await noted(redis, namespace)
        if wanted & {*nodes} == before & {*nodes}:
            break
    await pauses.drop_queue_pauses(redis, namespace, [node for node in nodes if node not in wanted])
    return changed


async def follow_noted(redis: Redis, namespace: str, shards: int) -> int:
    """Make every ready stream follow whose queue was paused, or was resumed by a call that did not come to its end.

    Returns how many did otherwise. Raises as `follow`.
    """
    found = await pauses.read_queue_pauses(redis, namespace)
    return await follow(redis, namespace, list(found), shards) if found else 0


async def noted(redis: Redis, namespace: str) -> frozenset[str]:
    """Return the nodes whose queues are paused."""
    found = await pauses.read_queue_pauses(redis, namespace)
    return frozenset(node for node, since in found.items() if since is not None)


async def _check_node(redis: Redis, namespace: str, node: str) -> None:
    if not await catalog.read_nodes(redis, namespace, [node]):
        raise NotFound(f"namespace {namespace!r} has no node {node!r}")
