"""How many shards each namespace is split over: state managers tell it, and whoever makes runs without asking one reads it."""

from redis.asyncio import Redis

from exosphere_core.ids import MAX_SHARDS
from exosphere_core.keys import AGREED
from exosphere_core.store.calls import Call, apply
from exosphere_core.store.connection import ask
from exosphere_core.store.corrupt import reading


async def note_shards(redis: "Redis", shards: int) -> None:
    """Make it known."""
    await apply(redis, Call("note_shards", [AGREED], [shards]))


async def read_shards(redis: "Redis") -> int | None:
    """Read it; None when nobody has told.

    Raises:
        CorruptRecord: what is there is no number of shards.
    """
    with reading(AGREED):
        raw = await ask(redis, "HGET", AGREED, "shards")
        if raw is None:
            return None
        if not 1 <= (shards := int(raw)) <= MAX_SHARDS:
            raise ValueError(f"{shards} is no number of shards")
        return shards
