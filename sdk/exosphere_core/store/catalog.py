"""A namespace's catalog: registered nodes, graphs and their versions."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec
from redis.asyncio import Redis

from exosphere_core.keys import NAMESPACES, CatalogKeys
from exosphere_core.names import name_error
from exosphere_core.records import encode
from exosphere_core.store.calls import Call, apply
from exosphere_core.store.connection import ask
from exosphere_core.store.corrupt import read_reply, reading


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
    #: Number of its latest deletion in the count of versions, which has those below no more; 0 when there was none.
    deleted_version: int
    validation_status: str
    validation_errors: list[str]
    created_at: int
    updated_at: int
    #: Since when it is paused, unix ms; None when it is not.
    paused_at: int | None = None


class GraphVersion(NamedTuple):
    """An immutable version of a graph, as it is stored."""

    #: JSON of `GraphTemplate`.
    template: bytes
    #: name → ciphertext
    secrets: dict[str, str]
    #: unix ms
    created_at: int


class VersionSummary(NamedTuple):
    """One line of the list of a graph's versions."""

    version: int
    #: unix ms
    created_at: int
    node_count: int


class _Nodes(msgspec.Struct):
    """Of a template, what is needed to count its nodes."""

    nodes: list[msgspec.Raw]


_decode_node = msgspec.json.Decoder(NodeRecord).decode
_decode_texts = msgspec.json.Decoder(list[str]).decode
_decode_map = msgspec.json.Decoder(dict[str, str]).decode
_decode_nodes = msgspec.json.Decoder(_Nodes).decode


async def now_ms(redis: "Redis") -> int:
    """Redis' clock, in unix ms."""
    seconds, micros = await redis.time()
    return int(seconds) * 1000 + int(micros) // 1000


async def note_namespace(redis: "Redis", namespace: str) -> None:
    """Make a namespace known to every state manager."""
    await apply(redis, Call("note_namespace", [NAMESPACES], [namespace]))


async def read_namespaces(redis: "Redis") -> list[str]:
    """Read the names of all namespaces, sorted."""
    # What is no name was not put there by us, and must not become part of a key.
    names = (raw.decode(errors="replace") for raw in await ask(redis, "SMEMBERS", NAMESPACES))
    return sorted(name for name in names if name_error("namespace", name) is None)


async def save_nodes(redis: "Redis", namespace: str, nodes: Sequence[NodeRecord]) -> None:
    """Register nodes; a node known already keeps its `created_at`."""
    keys = CatalogKeys(namespace)
    known = await read_nodes(redis, namespace, [node.name for node in nodes])
    kept = [
        msgspec.structs.replace(node, created_at=known[node.name].created_at) if node.name in known else node
        for node in nodes
    ]
    if kept:
        words = [word for node in kept for word in (node.name, encode(node))]
        await apply(redis, Call("save_nodes", [keys.nodes], words))
    await note_namespace(redis, namespace)


async def read_nodes(redis: "Redis", namespace: str, names: Sequence[str] | None = None) -> dict[str, NodeRecord]:
    """Read registered nodes: all of a namespace, or those of the given names that exist.

    One whose record can't be read is as if it were not registered: registering it again mends it.
    """
    key = CatalogKeys(namespace).nodes
    if names is None:
        raw = (await ask(redis, "HGETALL", key)).values()
    else:
        raw = await ask(redis, "HMGET", key, *names) if names else []
    read = (read_reply(key, item, _decode_node, "", {}) for item in raw if item is not None)
    found = [node for node in read if node is not None]
    return {node.name: node for node in sorted(found, key=lambda node: node.name)}


async def read_node_names(redis: "Redis", namespace: str) -> list[str]:
    """Read the names of all nodes that were ever registered in a namespace."""
    return sorted(name.decode() for name in await ask(redis, "HKEYS", CatalogKeys(namespace).nodes))


async def read_head(redis: "Redis", namespace: str, graph: str) -> GraphHead | None:
    """Read what is true of a graph now, or None when there is no such graph."""
    key = CatalogKeys(namespace).graph(graph)
    with reading(key):
        return _head(graph, await ask(redis, "HGETALL", key))


async def read_last_version(redis: "Redis", namespace: str, graph: str) -> int:
    """Read how far the count of a graph's versions has come, deletions included; 0 when it never was."""
    return int(await ask(redis, "HGET", CatalogKeys(namespace).graph(graph), "version") or 0)


async def read_heads(redis: "Redis", namespace: str) -> list[GraphHead]:
    """Read what is true of all graphs of a namespace, in order of the name. Those that can't be read are left out."""
    keys = CatalogKeys(namespace)
    names = [raw.decode() for raw in await redis.zrange(keys.graphs, 0, -1)]
    pipeline = redis.pipeline(transaction=False)
    for name in names:
        pipeline.hgetall(keys.graph(name))
    replies = await pipeline.execute(raise_on_error=False)
    heads = (
        read_reply(keys.graph(name), raw, partial(_head, name), name, {})
        for name, raw in zip(names, replies, strict=True)
    )
    return [head for head in heads if head is not None]


def _head(name: str, raw: Mapping[bytes, bytes]) -> GraphHead | None:
    if not raw or b"deleted_at" in raw:
        return None
    return GraphHead(
        name=name,
        version=int(raw[b"version"]),
        deleted_version=int(raw.get(b"deleted_version", 0)),
        validation_status=raw[b"validation_status"].decode(),
        validation_errors=_decode_texts(raw[b"validation_errors"]),
        created_at=int(raw[b"created_at"]),
        updated_at=int(raw[b"updated_at"]),
        paused_at=int(raw[b"paused_at"]) if b"paused_at" in raw else None,
    )


async def read_graph_names(redis: "Redis", namespace: str) -> list[str]:
    """Read the names of a namespace's graphs."""
    return [raw.decode() for raw in await redis.zrange(CatalogKeys(namespace).graphs, 0, -1)]


async def read_version(redis: "Redis", namespace: str, graph: str, version: int) -> GraphVersion | None:
    """Read a version of a graph, or None when there is no such one."""
    key = CatalogKeys(namespace).version(graph, version)
    with reading(key):
        raw = await ask(redis, "HGETALL", key)
        if not raw:
            return None
        return GraphVersion(
            template=raw[b"template"], secrets=_decode_map(raw[b"secrets"]), created_at=int(raw[b"created_at"])
        )


async def read_versions(redis: "Redis", namespace: str, graph: str, versions: Iterable[int]) -> list[VersionSummary]:
    """Read what a list shows of some versions of a graph, in their order.

    Those that do not exist or can't be read are left out.
    """
    keys = CatalogKeys(namespace)
    wanted = list(versions)
    pipeline = redis.pipeline(transaction=False)
    for version in wanted:
        pipeline.hmget(keys.version(graph, version), ["template", "created_at"])
    replies = await pipeline.execute(raise_on_error=False)
    found = (
        read_reply(keys.version(graph, version), reply, partial(_summary, version), str(version), {})
        for version, reply in zip(wanted, replies, strict=True)
    )
    return [summary for summary in found if summary is not None]


def _summary(version: int, reply: Sequence[bytes | None]) -> VersionSummary | None:
    template, created_at = reply
    if template is None:
        return None
    return VersionSummary(version, int(created_at or 0), len(_decode_nodes(template).nodes))


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
    old_schedules: Iterable[int],
    new_schedules: Mapping[int, int],
) -> bool:
    """Make the version that follows `after` the newest, and replace the schedules that changed.

    Args:
        old_schedules: indexes of the triggers whose schedules end.
        new_schedules: index of a trigger whose schedule begins → its due time, in unix ms.

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
            [
                keys.graph(graph), keys.version(graph, after + 1), keys.graphs, keys.unready, keys.schedules,
                keys.schedules_of(graph),
            ],
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
