"""Taking deliveries off the ready streams."""

from collections.abc import Sequence

from redis.asyncio import Redis

from exosphere_core.keys import RUNTIMES_GROUP


async def take_off(redis: "Redis", stream: str, ids: Sequence[str]) -> None:
    """Take deliveries off a ready stream: whoever holds one finds its lease lost.

    No transaction, as in `streams.acknowledge`, and in the other order: nobody sweeps a ready stream, but an entry that is deleted
    and still pending is found by the reaper.
    """
    if ids:
        pipeline = redis.pipeline(transaction=False)
        pipeline.xdel(stream, *ids)
        pipeline.xack(stream, RUNTIMES_GROUP, *ids)
        await pipeline.execute()
