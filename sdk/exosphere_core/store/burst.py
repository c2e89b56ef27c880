"""Many commands in one write, their replies read in order: the path of every state.

The driver's own pipeline packs commands in Python and sets a timer for each reply, which costs more
than what Redis does with them. A burst is packed in C and has one timer.
"""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from exosphere_core.store import wire
from exosphere_core.store.cluster import ClusterClient
from exosphere_core.store.slots import slot_of
from exosphere_core.store.wire import Command

__all__ = ["Command", "burst", "transaction", "transaction_parts"]


async def burst(redis: "Redis", commands: Sequence[Command], wait_s: float = 0.0) -> list[Any]:
    """Send commands and return one reply each; one that Redis refused gives its `ResponseError`.

    Of a cluster each node gets its part in one write, and redirections are followed.

    Args:
        wait_s: how long the commands themselves may wait, in s.
        redis: best a client of `connect_untimed`; another one works, with a timer for each reply.

    Raises:
        redis.exceptions.ConnectionError, TimeoutError: nothing is known about any of the commands.
    """
    if isinstance(redis, ClusterClient):
        return await redis.burst(commands, wait_s)
    return await wire.send(redis, commands, wait_s)


async def transaction(redis: "Redis", commands: Sequence[Command]) -> list[Any]:
    """Send commands that take effect together or not at all, and return their replies. Their keys are of one slot.

    Raises:
        redis.exceptions.ResponseError: Redis refused one, such as for want of memory: none took effect.
        redis.exceptions.ConnectionError, TimeoutError: nothing is known.
    """
    whole = [("MULTI",), *commands, ("EXEC",)]
    if isinstance(redis, ClusterClient):
        *queued, executed = await redis.whole(whole)
    else:
        *queued, executed = await wire.send(redis, whole)
    # A command that was refused when it was queued says why; EXEC then says only that there was one.
    for reply in (*queued, *([executed] if isinstance(executed, ResponseError) else executed)):
        if isinstance(reply, ResponseError):
            raise reply
    replies: list[Any] = executed
    return replies


def transaction_parts(redis: "Redis", commands: Sequence[Command]) -> list[list[Command]]:
    """Part commands into those that may take effect together: on a cluster those of one slot, else all."""
    if not isinstance(redis, ClusterClient):
        return [list(commands)]
    parts: dict[int | None, list[Command]] = {}
    for command in commands:
        parts.setdefault(slot_of(command), []).append(command)
    return list(parts.values())
