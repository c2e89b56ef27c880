"""The runtimes that registered in a namespace, kept so that people see who is there. Nothing else depends on it."""

from collections.abc import Iterable, Sequence

import msgspec
from redis.asyncio import Redis

from exosphere_core.keys import CatalogKeys
from exosphere_core.records import encode
from exosphere_core.store.calls import Call, apply
from exosphere_core.store.connection import ask
from exosphere_core.store.corrupt import read_reply

#: The most registrations of a namespace; one more is not kept.
MOST_RUNTIMES = 10_000


class Registration(msgspec.Struct, frozen=True):
    """A runtime as it registered first; when it registers again, only its nodes and its version may differ."""

    runtime_name: str
    nodes: tuple[str, ...]
    #: unix ms
    registered_at: int
    #: Of the software that it runs on, as it told; None when it did not.
    version: str | None = None


_decode = msgspec.json.Decoder(Registration).decode


async def save_registration(redis: "Redis", namespace: str, runtime: str, registration: Registration) -> None:
    """Note that a runtime registered, unless there are `MOST_RUNTIMES` others."""
    key = CatalogKeys(namespace).runtimes
    await apply(redis, Call("note_runtime", [key], [runtime, encode(registration), MOST_RUNTIMES]))


async def read_registration(redis: "Redis", namespace: str, runtime: str) -> Registration | None:
    """Read what a runtime registered, or None."""
    key = CatalogKeys(namespace).runtimes
    raw = await ask(redis, "HGET", key, runtime)
    return None if raw is None else read_reply(key, raw, _decode, runtime, {})


async def read_registrations(redis: "Redis", namespace: str) -> dict[str, Registration]:
    """Read all registrations of a namespace, by runtime. Those that can't be read are left out."""
    key = CatalogKeys(namespace).runtimes
    raw = await ask(redis, "HGETALL", key)
    read = {name.decode(errors="replace"): read_reply(key, value, _decode, "", {}) for name, value in raw.items()}
    return {name: found for name, found in read.items() if found is not None}


async def forget_registrations(redis: "Redis", namespace: str, runtimes: Sequence[str]) -> None:
    """Forget runtimes."""
    if runtimes:
        await ask(redis, "HDEL", CatalogKeys(namespace).runtimes, *runtimes)


def silent_since(registrations: dict[str, Registration], heard: Iterable[str], before_ms: int) -> list[str]:
    """Name the runtimes that no queue has heard of and that registered before a moment, unix ms."""
    known = set(heard)
    return [name for name, found in registrations.items() if name not in known and found.registered_at < before_ms]
