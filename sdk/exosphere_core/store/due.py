"""Reading when waiting states become ready."""

from redis.asyncio import Redis

from exosphere_core.keys import ShardKeys
from exosphere_core.store.burst import Command, transaction


async def read_due(redis: "Redis", home: ShardKeys, within_ms: int, limit: int) -> list[tuple[str, int]]:
    """Read which states become ready within a time from now: pairs of state id and ms that are left, maybe negative."""
    # In one step, so that on a cluster the clock is that of the node which has the shard.
    commands: list[Command] = [("TIME",), ("ZRANGE", home.due, 0, limit - 1, "WITHSCORES")]
    (seconds, micros), page = await transaction(redis, commands)
    now = int(seconds) * 1000 + int(micros) // 1000
    found = [
        (state.decode(errors="replace"), int(float(due)) - now)
        for state, due in zip(page[::2], page[1::2], strict=True)
    ]
    return [(state, left) for state, left in found if left <= within_ms]
