"""Counters of a namespace by the minute: written by all state managers together, gone by themselves after the hour."""

from collections.abc import Mapping, Sequence

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from exosphere_core.keys import CatalogKeys
from exosphere_core.store.burst import burst
from exosphere_core.store.calls import Arg, Call, apply_all
from exosphere_core.store.corrupt import reading

#: How long a minute is kept after it was written last, in s: the hour that can be asked for, and some.
_KEPT_S = 65 * 60

#: How many counters one script adds to: it stays below a ms.
_COUNTERS = 500


async def add_figures(redis: "Redis", counts: Mapping[tuple[str, int], Mapping[str, int]]) -> None:
    """Add to counters, in one round trip.

    Args:
        counts: (namespace, number of the minute) → field → how many to add.

    Raises:
        redis.exceptions.ResponseError: Redis refused some of it, as for want of memory.
        redis.exceptions.ConnectionError, TimeoutError: nothing is known.
    """
    calls: list[Call] = []
    for (namespace, minute), fields in counts.items():
        key = CatalogKeys(namespace).figures(minute)
        words: list[Arg] = [word for pair in fields.items() for word in pair]
        calls += [
            Call("add_figures", [key], [_KEPT_S, *words[start : start + 2 * _COUNTERS]])
            for start in range(0, len(words), 2 * _COUNTERS)
        ]
    for reply in await apply_all(redis, calls):
        if isinstance(reply, ResponseError):
            raise reply


async def read_figures(redis: "Redis", namespace: str, minutes: Sequence[int]) -> list[dict[str, int]]:
    """Read all counters of some minutes, in their order.

    Raises:
        CorruptRecord: a key holds another type.
    """
    keys = [CatalogKeys(namespace).figures(minute) for minute in minutes]
    found = []
    for key, reply in zip(keys, await burst(redis, [("HGETALL", key) for key in keys]), strict=True):
        with reading(key):
            if isinstance(reply, ResponseError):
                raise reply
            pairs = zip(reply[::2], reply[1::2], strict=True)
            found.append({field.decode(): int(value) for field, value in pairs})
    return found


async def read_some_figures(
    redis: "Redis", namespace: str, minutes: Sequence[int], fields: Sequence[str]
) -> list[dict[str, int]]:
    """Read some counters of some minutes, in their order; what is not there counts as 0.

    Raises:
        CorruptRecord: a key holds another type.
    """
    keys = [CatalogKeys(namespace).figures(minute) for minute in minutes]
    found = []
    for key, reply in zip(keys, await burst(redis, [("HMGET", key, *fields) for key in keys]), strict=True):
        with reading(key):
            if isinstance(reply, ResponseError):
                raise reply
            found.append({field: int(value or 0) for field, value in zip(fields, reply, strict=True)})
    return found
