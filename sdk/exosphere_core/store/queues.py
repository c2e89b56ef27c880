"""Reading what waits on the ready streams of a namespace, and who takes it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from exosphere_core.keys import HTTP_TAKER, PAUSED_GROUP, RUNTIMES_GROUP, ShardKeys
from exosphere_core.store.burst import burst
from exosphere_core.store.catalog import now_ms

#: How many streams one round trip asks for.
_STREAMS = 500


class Queue(NamedTuple):
    """A node's ready streams, over all shards."""

    node: str
    #: States that nobody has taken.
    depth: int
    running: int
    #: How long the oldest one waits, in ms; None when none does.
    oldest_age_ms: int | None
    consumers: int


class Consuming(NamedTuple):
    """A runtime at one ready stream."""

    runtime: str
    node: str
    running: int
    #: ms since it last read, renewed or reported there.
    idle_ms: int


async def read_queues(redis: "Redis", homes: Sequence[ShardKeys], nodes: Sequence[str]) -> list[Queue]:
    """Read the queues of nodes, in their order."""
    streams = [(node, home.ready(node)) for node in nodes for home in homes]
    seen: dict[str, list[tuple[int, int, int, str]]] = {node: [] for node in nodes}
    now = await now_ms(redis)
    for start in range(0, len(streams), _STREAMS):
        page = streams[start : start + _STREAMS]
        commands = [command for _, key in page for command in (("XLEN", key), ("XINFO", "GROUPS", key))]
        replies = await burst(redis, commands)
        for (node, key), length, groups in zip(page, replies[::2], replies[1::2], strict=True):
            if not isinstance(length, ResponseError) and not isinstance(groups, ResponseError):
                standing = {group[b"name"].decode(): group for group in map(_pairs, groups)}
                if group := standing.get(RUNTIMES_GROUP):
                    waiting = max(0, length - group[b"pending"])
                    # While it is paused, the group of the runtimes stands behind every entry.
                    last = standing.get(PAUSED_GROUP, group)[b"last-delivered-id"].decode()
                    seen[node].append((waiting, group[b"pending"], group[b"consumers"], f"{key} {last}"))
    ages = await _ages(redis, [place for parts in seen.values() for waiting, _, _, place in parts if waiting], now)
    return [
        Queue(
            node,
            depth=sum(part[0] for part in parts),
            running=sum(part[1] for part in parts),
            oldest_age_ms=max((age for part in parts if (age := ages.get(part[3])) is not None), default=None),
            consumers=max((part[2] for part in parts), default=0),
        )
        for node, parts in seen.items()
    ]


async def _ages(redis: "Redis", places: Sequence[str], now: int) -> dict[str, int]:
    """Tell how long the first entry waits that follows on what was taken, by `stream id`."""
    ages: dict[str, int] = {}
    for start in range(0, len(places), _STREAMS):
        page = places[start : start + _STREAMS]
        commands = []
        for place in page:
            key, _, last = place.partition(" ")
            commands.append(("XRANGE", key, f"({last}", "+", "COUNT", 1))
        for place, reply in zip(page, await burst(redis, commands), strict=True):
            if not isinstance(reply, ResponseError) and reply:
                ages[place] = max(0, now - int(reply[0][0].partition(b"-")[0]))
    return ages


async def read_consuming(redis: "Redis", homes: Sequence[ShardKeys], nodes: Sequence[str]) -> list[Consuming]:
    """Read who takes from the queues of nodes."""
    streams = [(node, home.ready(node)) for node in nodes for home in homes]
    found: list[Consuming] = []
    for start in range(0, len(streams), _STREAMS):
        page = streams[start : start + _STREAMS]
        replies = await burst(redis, [("XINFO", "CONSUMERS", key, RUNTIMES_GROUP) for _, key in page])
        for (node, _), reply in zip(page, replies, strict=True):
            if not isinstance(reply, ResponseError):
                for consumer in map(_pairs, reply):
                    name = consumer[b"name"].decode(errors="replace")
                    if not name.startswith(HTTP_TAKER):
                        found.append(Consuming(name, node, consumer[b"pending"], consumer[b"idle"]))
    return found


def _pairs(reply: Sequence[Any]) -> dict[bytes, Any]:
    return dict(zip(reply[::2], reply[1::2], strict=True))
