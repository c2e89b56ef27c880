"""Idempotency keys of triggers: which runs a key names, and how a repeat is told from another request."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple
from zlib import crc32

import msgspec

from exosphere_core.ids import run_id_for
from exosphere_core.records import encode


class Keyed(NamedTuple):
    """A trigger that carries an idempotency key."""

    run_id: str
    #: Tells its request from others.
    digest: str


def keyed(
    namespace: str,
    graph: str,
    key: str,
    inputs: Mapping[str, str],
    store: Mapping[str, str],
    delay_ms: int,
    shards: int,
) -> Keyed:
    """Return what a key stands for: the same words name the same run, whoever says them and however often."""
    parts = ("key", namespace, graph, key)
    shard = crc32("\0".join(parts).encode()) % shards
    request = encode([sorted(inputs.items()), sorted(store.items()), delay_ms])
    return Keyed(run_id_for(shard, *parts), blake2b(request, digest_size=16).hexdigest())


_spell = msgspec.json.Encoder(order="deterministic").encode


def digest_of(request: Sequence[msgspec.Struct]) -> str:
    """Return what tells a request from others, whatever the order of the names in it."""
    return blake2b(_spell(request), digest_size=16).hexdigest()


def runs_of(namespace: str, graph: str, key: str, count: int, shards: int) -> Iterator[str]:
    """Yield the runs that a key stands for, each by the key and its number; they take turns at the shards."""
    parts = ("many", namespace, graph, key)
    first = crc32("\0".join(parts).encode())
    for number in range(count):
        yield run_id_for((first + number) % shards, *parts, str(number))
