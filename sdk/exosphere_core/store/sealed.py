"""The ciphertexts of a graph version's secrets, as they are stored."""

from collections.abc import Mapping

import msgspec
from redis.asyncio import Redis

from exosphere_core.keys import CatalogKeys
from exosphere_core.records import encode
from exosphere_core.store.calls import Call, apply
from exosphere_core.store.connection import ask
from exosphere_core.store.corrupt import reading

_decode = msgspec.json.Decoder(dict[str, str]).decode


async def read_sealed(redis: "Redis", namespace: str, graph: str, version: int) -> tuple[bytes, dict[str, str]] | None:
    """Read the ciphertexts by name, with the text that holds them; None when there is no such version.

    Raises:
        CorruptRecord: they can't be read.
    """
    key = CatalogKeys(namespace).version(graph, version)
    with reading(key):
        text = await ask(redis, "HGET", key, "secrets")
        return None if text is None else (text, _decode(text))


async def replace_sealed(
    redis: "Redis", namespace: str, graph: str, version: int, before: bytes, sealed: Mapping[str, str]
) -> bool:
    """Replace the ciphertexts. False when they are not any more what was read `before`."""
    key = CatalogKeys(namespace).version(graph, version)
    return bool(await apply(redis, Call("replace_secrets", [key], [before, encode(dict(sealed))])))
