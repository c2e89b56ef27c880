"""Cancelling a run."""

from exosphere_core.errors import Conflict, NotFound
from exosphere_core.keys import ShardKeys
from exosphere_core.states import RunStatus
from exosphere_core.store import moves
from exosphere_core.store.calls import apply
from exosphere_orchestrator.engine.context import EngineContext


async def cancel_run(context: EngineContext, home: ShardKeys, run: str) -> None:
    """Ask for a run to be cancelled; a state manager does it at once. Asking again changes nothing.

    Raises:
        NotFound: there is no such run.
        Conflict: it ended before.
    """
    answer, status = (word.decode() for word in await apply(context.scripts, moves.cancel_run(home, run)))
    if answer == "unknown":
        raise NotFound(f"namespace {home.namespace!r} has no run {run[:60]!r}")
    if answer == "ended" and status != RunStatus.CANCELLED:
        raise Conflict(f"run {run} has ended with {status}; there is nothing to cancel")
