"""Reading armed unites and their branches."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from redis.asyncio import Redis

from exosphere_core.keys import ShardKeys
from exosphere_core.records import UnitePlan, decode_unite_plan
from exosphere_core.store.connection import ask
from exosphere_core.store.corrupt import reading
from exosphere_core.store.reads import PAGE


class UniteRecord(NamedTuple):
    """An armed unite as it is stored."""

    plan: UnitePlan
    strategy: str
    status: str
    pending: int
    arrived: int
    errored: int
    pruned: int
    #: Whether a branch was executed anew although its run takes over another's outputs.
    anew: bool


async def read_unite(redis: "Redis", home: ShardKeys, unite: str) -> UniteRecord | None:
    """Read an armed unite, or None when there is no such one."""
    with reading(home.unite(unite)):
        raw = await ask(redis, "HGETALL", home.unite(unite))
        if not raw:
            return None
        return UniteRecord(
            plan=decode_unite_plan(raw[b"plan"]),
            strategy=raw[b"strategy"].decode(),
            status=raw[b"status"].decode(),
            **{name: int(raw[name.encode()]) for name in ("pending", "arrived", "errored", "pruned")},
            anew=b"anew" in raw,
        )


async def walk_members(
    redis: "Redis", home: ShardKeys, unite: str, identifier: str, count: int = PAGE
) -> AsyncIterator[list[str]]:
    """Go through the states of one identifier that a unite reads, in branch order, a page of ids at a time."""
    low, high = f"[{identifier}/", f"({identifier}0"  # '0' follows '/'
    while True:
        with reading(home.members(unite)):
            page = await redis.zrangebylex(home.members(unite), low, high, 0, count)
        if not page:
            return
        yield [member.decode().rpartition("/")[2] for member in page]
        low = f"({page[-1].decode()}"
