"""Pauses of graphs and of queues. What is noted in the catalog is the truth; a ready stream is made to follow it."""

from collections.abc import Sequence

from redis.asyncio import Redis

from exosphere_core.keys import CatalogKeys, ShardKeys
from exosphere_core.store.calls import Call, apply, apply_all
from exosphere_core.store.connection import ask
from exosphere_core.store.corrupt import reading
from exosphere_core.store.faults import ResponseError


async def pause_graph(redis: "Redis", namespace: str, graph: str, version: int) -> bool:
    """Let no run of a graph begin. False when that version of it is not the newest any more."""
    return bool(await apply(redis, Call("pause_graph", [CatalogKeys(namespace).graph(graph)], [version])))


async def resume_graph(
    redis: "Redis", namespace: str, graph: str, version: int, following: Sequence[int | None]
) -> bool:
    """End a graph's pause.

    Args:
        following: when each of its triggers is due next, in unix ms; None for never.

    Returns:
        False when that version of it is not the newest any more.
    """
    keys = CatalogKeys(namespace)
    dues = ["" if due is None else due for due in following]
    call = Call("resume_graph", [keys.graph(graph), keys.schedules], [graph, version, len(dues), *dues])
    return bool(await apply(redis, call))


async def note_queue_pause(redis: "Redis", namespace: str, node: str) -> int:
    """Note that a node's queue is to be paused. Returns since when it is, in unix ms."""
    key = CatalogKeys(namespace).paused_queues
    with reading(key):
        return int(await apply(redis, Call("note_pause", [key], [node])))


async def note_queue_resumed(redis: "Redis", namespace: str, node: str) -> None:
    """Note that a node's queue is to give out again; it stays noted until it does."""
    await apply(redis, Call("note_resume", [CatalogKeys(namespace).paused_queues], [node]))


async def drop_queue_pauses(redis: "Redis", namespace: str, nodes: Sequence[str]) -> None:
    """Note that queues which were resumed give out on every shard; those that were paused again stay noted."""
    key = CatalogKeys(namespace).paused_queues
    for reply in await apply_all(redis, [Call("drop_pause", [key], [node]) for node in nodes]):
        if isinstance(reply, ResponseError):
            raise reply


async def read_queue_pauses(redis: "Redis", namespace: str) -> dict[str, int | None]:
    """Read which nodes' queues are paused, and since when, in unix ms; None for one that is being resumed."""
    key = CatalogKeys(namespace).paused_queues
    with reading(key):
        noted = await ask(redis, "HGETALL", key)
        return {node.decode(): int(since) if since else None for node, since in noted.items()}


async def follow(redis: "Redis", home: ShardKeys, nodes: Sequence[str], paused: frozenset[str]) -> int:
    """Make the ready streams of some nodes on one shard give out, or not, as is noted. Returns how many did otherwise.

    A ready stream is left alone that something else lies in the place of.

    Raises:
        redis.exceptions.ConnectionError, TimeoutError: the shard can't be reached.
    """
    calls = [Call("pause_queue" if node in paused else "resume_queue", [home.ready(node)], []) for node in nodes]
    replies = await apply_all(redis, calls)
    return sum(reply for reply in replies if not isinstance(reply, ResponseError))
