"""Reading when waiting states become ready."""

from redis.asyncio import Redis

from exosphere_core.keys import ShardKeys
from exosphere_core.store.calls import Call, apply


async def read_due(redis: "Redis", home: ShardKeys, within_ms: int, limit: int) -> list[tuple[str, int]]:
    """Read which states become ready within a time from now: pairs of state id and ms that are left, maybe negative.

    Raises:
        redis.exceptions.ResponseError: the set of due times is of another type.
    """
    # A script and no transaction, which would be refused when memory is full.
    now, *page = await apply(redis, Call("read_due", [home.due], [limit]))
    found = [
        (state.decode(errors="replace"), int(float(due)) - int(now))
        for state, due in zip(page[::2], page[1::2], strict=True)
    ]
    return [(state, left) for state, left in found if left <= within_ms]
