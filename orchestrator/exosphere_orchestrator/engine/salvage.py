"""Reports that can't be applied because a record they need can't be read: the state fails, where it is known which."""

from exosphere_core.errors import CorruptRecord, NotFound
from exosphere_core.keys import ShardKeys
from exosphere_core.records import Executed, Failed, Kind, Task, encode
from exosphere_core.states import Status
from exosphere_core.store import moves
from exosphere_core.store.moves import Delivery
from exosphere_core.store.streams import Entry
from exosphere_orchestrator.engine.applier import (
    errored_members,
    may_speak_for,
    plain_step,
)
from exosphere_orchestrator.engine.context import EngineContext
from exosphere_orchestrator.engine.inputs import Limits
from exosphere_orchestrator.engine.reports import Malformed, Report, parse_report
from exosphere_orchestrator.engine.steps import Batch, Made, Step


async def salvage(context: EngineContext, queue: ShardKeys, entry: Entry, limits: Limits, reason: str) -> Batch:
    """Tell what becomes of a report whose records can't be read.

    Args:
        reason: what is wrong with them.

    Returns:
        The step that ends its state in failure. Where it can't be told what state that is, or where its children are
        half made already, the entry is put aside.
    """
    aside = Batch([], [], [], [(entry, reason)])
    try:
        report = parse_report(entry, queue, limits.max_report_bytes, limits.max_json_depth)
    except Malformed as bad:
        if bad.failure is None:
            return Batch([], [], [], [(entry, str(bad))])
        report = bad.failure
    if report.home != queue.namespace:
        return Batch([], [], [report], [])
    try:
        (task,) = await context.tasks.get_many([(queue, report.state)])
    except CorruptRecord:
        return aside
    half_made = limits.max_fan_out is None
    if task is None or half_made or not may_speak_for(report, task):
        return aside
    of = Delivery(report.state, report.attempt, task, queue, entry.stream, entry.id, report.by, report.ran_ms)
    return Batch([await _ended(context, report, of, reason)], [], [], [])


async def _ended(context: EngineContext, report: Report, of: Delivery, reason: str) -> Step:
    body, outputs = report.body, b""
    if isinstance(body, Executed):
        status, error = Status.NEXT_CREATED_ERROR, reason
        outputs = encode(body.outputs[0]) if body.outputs else b"{}"
    elif isinstance(body, Failed):
        status, error = Status.ERRORED, f"{context.limits.shortened(body.error)}\nIt is not retried: {reason}"
    elif report.kind is Kind.REPLAY:
        status, error = Status.ERRORED, reason
    else:
        return plain_step(report, of)
    call = moves.fail(of, status, error, outputs, await _members(context, of.task, of))
    return Step(report, of, iter([Made(call)]), 1, None)


async def _members(context: EngineContext, task: Task, of: Delivery) -> list[str]:
    try:
        return errored_members(await context.plans.get(task.home, task.graph, task.version), of)
    except (CorruptRecord, NotFound):
        # Which of the unites tolerate errors is not known: none of them will.
        return [""] * len(task.unites)
