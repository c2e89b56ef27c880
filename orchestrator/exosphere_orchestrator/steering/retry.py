"""Retrying by hand what failed."""

import secrets
from typing import Any, NamedTuple

from exosphere_core.errors import BadRequest, Conflict, NotFound, Overloaded
from exosphere_core.keys import ShardKeys
from exosphere_core.names import name_error
from exosphere_core.records import Task
from exosphere_core.states import FAILED, RunStatus
from exosphere_core.store import moves, reads
from exosphere_core.store.calls import Call, apply_all
from exosphere_core.store.corrupt import Unreadable
from exosphere_core.store.faults import ResponseError
from exosphere_core.store.reads import StateRecord
from exosphere_orchestrator.admission.intake import overloaded
from exosphere_orchestrator.engine.context import EngineContext
from exosphere_orchestrator.engine.inputs import Unresolvable
from exosphere_orchestrator.engine.joiner import inputs_of
from exosphere_orchestrator.engine.succession import retry_by_hand_of

#: How many states of a run are looked at in one round trip.
_PAGE = 200


class Retried(NamedTuple):
    """What came of retrying all that failed."""

    #: Id of each failed state that is retried → id of its new state.
    made: dict[str, str]
    #: Id of each failed state that stays as it is → why.
    refused: dict[str, str]


async def retry_state(context: EngineContext, home: ShardKeys, state: str, fanout_id: str) -> str:
    """Retry an errored state at once, whatever its run came to. Returns the id of the new state.

    Args:
        fanout_id: tells this retry from others of the same attempt chain; each is made once.

    Raises:
        BadRequest: `fanout_id` is not allowed.
        NotFound: there is no such state.
        Conflict: the state has not failed, the retry was made before, or its run was cancelled.
        Overloaded: memory is full; nothing was changed.
    """
    if error := name_error("fanout_id", fanout_id):
        raise BadRequest(error)
    for record in await reads.read_states(context.redis, home, [state]):
        prepared = await _prepare(context, home, record, fanout_id)
        return _made(context, prepared, (await apply_all(context.scripts, [prepared.call]))[0])
    raise NotFound(f"namespace {home.namespace!r} has no state {state[:60]!r}")


async def retry_failed(context: EngineContext, home: ShardKeys, run: str, fanout_id: str | None = None) -> Retried:
    """Retry every state of a run that failed; one that can't be retried does not keep the others from it.

    Args:
        fanout_id: tells these retries from others of the same attempt chains; a new one when left out.

    Raises:
        NotFound: there is no such run.
        Conflict: it was cancelled, no state of it has failed, or none of those can be retried.
        Overloaded: memory is full; nothing was changed.
    """
    found = await reads.read_runs(context.redis, home, [run])
    if not found:
        raise NotFound(f"namespace {home.namespace!r} has no run {run[:60]!r}")
    if found[0].status is RunStatus.CANCELLED:
        raise Conflict(f"run {run} was cancelled; what failed in it can't be retried, rerun it instead")
    fanout_id = fanout_id or secrets.token_hex(16)
    made: dict[str, str] = {}
    refused: dict[str, str] = {}
    full: Overloaded | None = None
    seen = 0
    # What the retries make comes to the end of the list and has not failed.
    total = await reads.count_states(context.redis, home, run)
    while seen < total:
        page = await reads.read_page(context.redis, home.states(run), seen, _PAGE)
        seen += _PAGE
        failed = await reads.with_status(context.redis, home, page, FAILED)
        prepared: list[_Prepared] = []
        unreadable: Unreadable = {}
        records = await reads.read_states(context.redis, home, failed, unreadable)
        refused |= {each: why.detail for each, why in unreadable.items()}
        for record in records:
            try:
                prepared.append(await _prepare(context, home, record, fanout_id))
            except Conflict as why:
                refused[record.id] = why.detail
        replies = await apply_all(context.scripts, [each.call for each in prepared])
        for each, reply in zip(prepared, replies, strict=True):
            try:
                made[each.old] = _made(context, each, reply)
            except (Conflict, Overloaded) as why:
                refused[each.old] = why.detail
                full = why if isinstance(why, Overloaded) else full
    if not made and full is not None:
        raise full
    if not made:
        raise Conflict(next(iter(refused.values()), f"run {run} has no state that failed"))
    return Retried(made, refused)


class _Prepared(NamedTuple):
    """A retry that is about to be made."""

    old: str
    new: str
    task: Task
    fanout_id: str
    call: Call


async def _prepare(context: EngineContext, home: ShardKeys, record: StateRecord, fanout_id: str) -> _Prepared:
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
    return _Prepared(record.id, new_state, task, fanout_id, call)


def _made(context: EngineContext, retry: _Prepared, reply: Any) -> str:
    """Return the id of the new state, or raise what the script's answer means."""
    if isinstance(reply, ResponseError):
        raise overloaded(reply)
    answer, status = (word.decode() for word in reply)
    if answer == "unknown":
        raise NotFound(f"there is no state {retry.old}")
    if answer == "deleted":
        raise Conflict(f"state {retry.old} can't be retried: graph {retry.task.graph!r} was deleted")
    if answer == "repeated":
        raise Conflict(f"state {retry.old}: the retry with fanout_id {retry.fanout_id!r} was made before")
    if answer == "refused":
        raise Conflict(f"state {retry.old} is {status}; only a state that failed can be retried")
    if answer == "cancelled":
        raise Conflict(f"run {retry.task.run} was cancelled; state {retry.old} can't be retried, rerun it instead")
    context.tasks.keep({retry.new: retry.task})
    return retry.new
