"""Applies a wide fan-out, chunk after chunk; the last one ends the state that fanned out."""

from itertools import islice
from typing import Final

from exosphere_core.store.calls import apply_all
from exosphere_core.store.faults import ResponseError
from exosphere_orchestrator.engine.context import EngineContext
from exosphere_orchestrator.engine.recorder import count_end, note_stale
from exosphere_orchestrator.engine.steps import Step

#: So many chunks are sent at once: the states of one alone are few for the runtimes' reads and reports.
_CHUNKS: Final = 4


async def expand(context: EngineContext, work: Step) -> None:
    """Apply all calls of a step, each of which goes on where the one before it ended.

    Raises:
        ConnectionError: Redis lost a chunk. The report is to be applied from the first chunk on again.
        redis.exceptions.ResponseError: Redis refused one.
    """
    # The first one alone: a script that Redis does not know is applied after those that it knows.
    at_once = 1
    while chunks := list(islice(work.calls, at_once)):
        at_once = _CHUNKS
        replies = await apply_all(context.scripts, [made.call for made in chunks])
        for made, reply in zip(chunks, replies, strict=True):
            if isinstance(reply, ResponseError):
                raise reply
            if reply[0] == b"gap":
                raise ConnectionError("Redis lost a part of a fan-out that it had acknowledged")
            if reply[0] != b"applied":
                note_stale(context, work, reply[1])
                return
            count_end(context.figures, work, made.call.name)
            context.tasks.keep(made.tasks)
    context.tasks.forget(work.of.state)
