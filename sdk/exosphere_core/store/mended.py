"""What the reconciler put right, kept for the operator."""

from collections.abc import Sequence

from redis.asyncio import Redis

from exosphere_core.keys import ShardKeys
from exosphere_core.store.mends import KEPT


async def note_mends(redis: "Redis", home: ShardKeys, mends: Sequence[tuple[str, str]]) -> None:
    """Append mends, each a kind and what it was done to; the oldest go."""
    pipeline = redis.pipeline(transaction=False)
    for kind, subject in mends:
        pipeline.xadd(home.mended, {"kind": kind, "subject": subject}, maxlen=KEPT)
    await pipeline.execute()


async def read_mends(redis: "Redis", home: ShardKeys) -> list[tuple[str, str]]:
    """Read the mends that are kept, the oldest first."""
    return [(fields[b"kind"].decode(), fields[b"subject"].decode()) for _, fields in await redis.xrange(home.mended)]
