"""Retrying by hand what failed."""

import secrets

from exosphere_core.errors import BadRequest, Conflict, NotFound
from exosphere_core.keys import ShardKeys
from exosphere_core.names import name_error
from exosphere_core.states import FAILED
from exosphere_core.store import moves, reads
from exosphere_core.store.calls import apply
from exosphere_core.store.reads import StateRecord
from exosphere_orchestrator.engine.context import EngineContext
from exosphere_orchestrator.engine.inputs import Unresolvable
from exosphere_orchestrator.engine.joiner import inputs_of
from exosphere_orchestrator.engine.succession import retry_by_hand_of

#: How many states of a run are looked at in one round trip.
_PAGE = 500


async def retry_state(context: EngineContext, home: ShardKeys, state: str, fanout_id: str) -> str:
    """Retry an errored state at once, whatever its run came to. Returns the id of the new state.

    Args:
        fanout_id: tells this retry from others of the same attempt chain; each is made once.

    Raises:
        BadRequest: `fanout_id` is not allowed.
        NotFound: there is no such state.
        Conflict: the state has not failed, the retry was made before, or its run was cancelled.
    """
    if error := name_error("fanout_id", fanout_id):
        raise BadRequest(error)
    for record in await reads.read_states(context.redis, home, [state]):
        return await _retry(context, home, record, fanout_id)
    raise NotFound(f"namespace {home.namespace!r} has no state {state[:60]!r}")


async def retry_failed(context: EngineContext, home: ShardKeys, run: str) -> dict[str, str]:
    """Retry every state of a run that failed. Returns the id of each → the id of its new state.

    Raises:
        NotFound: there is no such run.
        Conflict: it was cancelled, or no state of it has failed.
    """
    if not await reads.read_runs(context.redis, home, [run]):
        raise NotFound(f"namespace {home.namespace!r} has no run {run[:60]!r}")
    fanout_id = secrets.token_hex(16)
    made: dict[str, str] = {}
    seen = 0
    # What the retries make comes to the end of the list and has not failed.
    total = await reads.count_states(context.redis, home, run)
    while seen < total:
        page = await reads.read_page(context.redis, home.states(run), seen, _PAGE)
        seen += _PAGE
        failed = await reads.with_status(context.redis, home, page, FAILED)
        for record in await reads.read_states(context.redis, home, failed):
            made[record.id] = await _retry(context, home, record, fanout_id)
    if not made:
        raise Conflict(f"run {run} has no state that failed")
    return made


async def _retry(context: EngineContext, home: ShardKeys, record: StateRecord, fanout_id: str) -> str:
    new_state, task = retry_by_hand_of(record.id, record.task)
    inputs = b""
    if record.unite is not None:
        # Its inputs could not be made when its unite fired, so there are none to be taken over.
        try:
            inputs = await inputs_of(context, home, record.unite)
        except Unresolvable as why:
            raise Conflict(f"state {record.id} can't be retried: {why}") from None
        except NotFound:
            # A version goes only with its graph.
            raise Conflict(f"state {record.id} can't be retried: graph {task.graph!r} was deleted") from None
    mark = f"{task.chain}/{fanout_id}"
    call = moves.retry_by_hand(home, record.id, new_state, task, inputs, mark)
    answer, status = (word.decode() for word in await apply(context.scripts, call))
    if answer == "unknown":
        raise NotFound(f"namespace {home.namespace!r} has no state {record.id}")
    if answer == "deleted":
        raise Conflict(f"state {record.id} can't be retried: graph {task.graph!r} was deleted")
    if answer == "repeated":
        raise Conflict(f"state {record.id}: the retry with fanout_id {fanout_id!r} was made before")
    if answer == "refused":
        raise Conflict(f"state {record.id} is {status}; only a state that failed can be retried")
    if answer == "cancelled":
        raise Conflict(f"run {task.run} was cancelled; state {record.id} can't be retried, rerun it instead")
    context.tasks.keep({new_state: task})
    return new_state
