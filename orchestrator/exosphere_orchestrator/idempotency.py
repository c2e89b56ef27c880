"""Idempotency keys of triggers: which run a key names, and how a repeat is told from another request."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple
from zlib import crc32

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
