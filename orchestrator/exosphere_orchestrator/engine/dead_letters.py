"""Puts aside what nobody can apply, where an operator sees it."""

from exosphere_core.keys import ShardKeys
from exosphere_core.store import moves
from exosphere_core.store.calls import apply
from exosphere_core.store.faults import ResponseError
from exosphere_core.store.rejected import put_due_aside
from exosphere_core.store.streams import Entry
from exosphere_orchestrator.engine.context import EngineContext, logger


async def put_aside(context: EngineContext, queue: ShardKeys, group: str, entry: Entry, reason: str) -> None:
    """Take an entry off its stream and keep it with the reason; counted and logged.

    Where Redis refuses to keep it, it stays pending, and is tried again when it has been held for too long.
    """
    try:
        await apply(context.scripts, moves.reject(queue, entry.stream, group, entry.id, reason, entry.fields))
    except ResponseError as refused:
        logger.error("entry %s of %s can't be put aside (%s): %s", entry.id, entry.stream, reason, refused)
        return
    context.counts["rejected"] += 1
    logger.error("entry %s of %s was put aside: %s", entry.id, entry.stream, reason)


async def put_waiting_aside(context: EngineContext, home: ShardKeys, state: str, reason: str) -> None:
    """Take a state off the list of due times that can't be made ready; counted and logged.

    Raises:
        redis.exceptions.ResponseError: Redis refuses to keep it, such as for want of memory.
    """
    await put_due_aside(context.redis, home, state, reason)
    context.counts["rejected"] += 1
    logger.error(
        "state %s, which waited for its time in %s, was put aside: %s", state, home.due, reason,
        extra={"state_id": state, "namespace": home.namespace},
    )  # fmt: skip
