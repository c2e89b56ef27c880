"""Reading the members of the sorted sets of schedules: what is none of ours is removed and stops nothing."""

import logging

from redis.asyncio import Redis

from exosphere_core.names import name_error
from exosphere_core.store.connection import ask

logger = logging.getLogger("exosphere.cron")

#: An index has no more digits.
_INDEX_DIGITS = 9


def read_member(member: bytes) -> tuple[str, int] | None:
    """Return graph and index, or None for what was not put there by us."""
    graph, _, index = member.decode(errors="replace").rpartition("/")
    if name_error("graph name", graph) or not (index.isascii() and index.isdecimal() and len(index) <= _INDEX_DIGITS):
        return None
    return graph, int(index)


async def drop_member(redis: "Redis", key: str, member: bytes) -> None:
    """Remove what is no schedule."""
    logger.error("%r in %s is no schedule, and was removed", member[:200], key)
    await ask(redis, "ZREM", key, member)
