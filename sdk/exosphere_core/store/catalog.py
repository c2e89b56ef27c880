"""A namespace's catalog: registered nodes, graphs and their versions, schedules."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from redis.asyncio import Redis

from exosphere_core.keys import NAMESPACES, CatalogKeys
from exosphere_core.records import encode
from exosphere_core.store.calls import Call, apply
from exosphere_core.store.connection import ask

#: How many firings of a graph's schedules are kept.
KEPT_FIRINGS = 100


class NodeRecord(msgspec.Struct, frozen=True):
    """A registered node."""

    name: str
    runtime_name: str
    inputs_schema: dict[str, Any]
    outputs_schema: dict[str, Any]
    secrets: tuple[str, ...]
    #: unix ms
    created_at: int
    #: unix ms
    updated_at: int


class GraphHead(NamedTuple):
    """What is true of a graph now: its newest version and whether that can run."""

    name: str
    version: int
    validation_status: str
    validation_errors: list[str]
    created_at: int
    updated_at: int


class GraphVersion(NamedTuple):
    """An immutable version of a graph, as it is stored."""

    #: JSON of `GraphTemplate`.
    template: bytes
    #: name → ciphertext
    secrets: dict[str, str]


_decode_node = msgspec.json.Decoder(NodeRecord).decode
_decode_texts = msgspec.json.Decoder(list[str]).decode
_decode_map = msgspec.json.Decoder(dict[str, str]).decode


async def now_ms(redis: "Redis") -> int:
    """Redis' clock, in unix ms."""
    seconds, micros = await redis.time()
    return int(seconds) * 1000 + int(micros) // 1000


async def note_namespace(redis: "Redis", namespace: str) -> None:
    """Make a namespace known to every state manager."""
    await ask(redis, "SADD", NAMESPACES, namespace)


async def read_namespaces(redis: "Redis") -> list[str]:
    """Read the names of all namespaces, sorted."""
    return sorted(raw.decode() for raw in await ask(redis, "SMEMBERS", NAMESPACES))


async def save_nodes(redis: "Redis", namespace: str, nodes: Sequence[NodeRecord]) -> None:
    """Register nodes; a node known already keeps its `created_at`."""
    keys = CatalogKeys(namespace)
    known = await read_nodes(redis, namespace, [node.name for node in nodes])
    kept = [
        msgspec.structs.replace(node, created_at=known[node.name].created_at) if node.name in known else node
        for node in nodes
    ]
    if kept:
        await ask(redis, "HSET", keys.nodes, *(word for node in kept for word in (node.name, encode(node))))
    await note_namespace(redis, namespace)


async def read_nodes(redis: "Redis", namespace: str, names: Sequence[str] | None = None) -> dict[str, NodeRecord]:
    """Read registered nodes: all of a namespace, or those of the given names that exist."""
    key = CatalogKeys(namespace).nodes
    if names is None:
        raw = (await ask(redis, "HGETALL", key)).values()
    else:
        raw = await ask(redis, "HMGET", key, *names) if names else []
    found = (_decode_node(item) for item in raw if item is not None)
    return {node.name: node for node in sorted(found, key=lambda node: node.name)}


async def read_head(redis: "Redis", namespace: str, graph: str) -> GraphHead | None:
    """Read what is true of a graph now, or None when there is no such graph."""
    return _head(graph, await ask(redis, "HGETALL", CatalogKeys(namespace).graph(graph)))


async def read_heads(redis: "Redis", namespace: str) -> list[GraphHead]:
    """Read what is true of all graphs of a namespace, in order of the name."""
    keys = CatalogKeys(namespace)
    names = [raw.decode() for raw in await redis.zrange(keys.graphs, 0, -1)]
    pipeline = redis.pipeline(transaction=False)
    for name in names:
        pipeline.hgetall(keys.graph(name))
    heads = (_head(name, raw) for name, raw in zip(names, await pipeline.execute(), strict=True))
    return [head for head in heads if head is not None]


def _head(name: str, raw: Mapping[bytes, bytes]) -> GraphHead | None:
    if not raw:
        return None
    return GraphHead(
        name=name,
        version=int(raw[b"version"]),
        validation_status=raw[b"validation_status"].decode(),
        validation_errors=_decode_texts(raw[b"validation_errors"]),
        created_at=int(raw[b"created_at"]),
        updated_at=int(raw[b"updated_at"]),
    )


async def read_version(redis: "Redis", namespace: str, graph: str, version: int) -> GraphVersion | None:
    """Read a version of a graph, or None when there is no such one."""
    raw = await ask(redis, "HGETALL", CatalogKeys(namespace).version(graph, version))
    if not raw:
        return None
    return GraphVersion(template=raw[b"template"], secrets=_decode_map(raw[b"secrets"]))


async def save_version(
    redis: "Redis",
    namespace: str,
    graph: str,
    *,
    after: int,
    template: bytes,
    secrets: Mapping[str, str],
    status: str,
    errors: Sequence[str],
    old_schedules: Iterable[str],
    new_schedules: Mapping[str, int],
) -> bool:
    """Make the version that follows `after` the newest, and replace the graph's schedules.

    Returns:
        False when another version came first; nothing is changed then.
    """
    keys = CatalogKeys(namespace)
    await note_namespace(redis, namespace)
    old = list(old_schedules)
    pairs = [word for pair in new_schedules.items() for word in pair]
    reply = await apply(
        redis,
        Call(
            "save_graph",
            [keys.graph(graph), keys.version(graph, after + 1), keys.graphs, keys.unready, keys.schedules],
            [
                graph, after, after + 1, template, encode(dict(secrets)), status, encode(list(errors)),
                len(old), len(new_schedules), *old, *pairs,
            ],
        ),
    )  # fmt: skip
    return bool(reply)


async def judge_version(
    redis: "Redis", namespace: str, graph: str, version: int, status: str, errors: Sequence[str]
) -> bool:
    """Set how the newest version of a graph was validated. False when it is not the newest any more."""
    keys = CatalogKeys(namespace)
    call = Call("judge_graph", [keys.graph(graph), keys.unready], [graph, version, status, encode(list(errors))])
    return bool(await apply(redis, call))


async def read_unready(redis: "Redis", namespace: str) -> list[str]:
    """Read the names of the graphs whose newest version can't run."""
    return sorted(raw.decode() for raw in await ask(redis, "SMEMBERS", CatalogKeys(namespace).unready))


async def read_due_schedules(redis: "Redis", namespace: str, now: int, limit: int) -> list[tuple[str, int]]:
    """Read the schedules whose time has come: pairs of member (`graph/index`) and due time in unix ms."""
    page = await redis.zrangebyscore(CatalogKeys(namespace).schedules, "-inf", now, 0, limit, withscores=True)
    return [(member.decode(), int(score)) for member, score in page]


async def move_schedule(
    redis: "Redis", namespace: str, member: str, due: int, following: int | None, outcome: Mapping[str, Any]
) -> bool:
    """Note what came of a firing and move the schedule to its next time. False when another did."""
    keys = CatalogKeys(namespace)
    graph = member.rpartition("/")[0]
    call = Call(
        "fire_schedule",
        [keys.schedules, keys.firings(graph)],
        [member, due, "" if following is None else following, encode(dict(outcome)), KEPT_FIRINGS],
    )
    return bool(await apply(redis, call))
