"""Applies reports: from a batch of entries to one script call each, all in as few round trips as can be."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from exosphere_core.errors import NotFound
from exosphere_core.graph.plan import GraphPlan
from exosphere_core.keys import ShardKeys, shard_keys
from exosphere_core.records import (
    ERRORED_MEMBERS,
    Executed,
    Failed,
    Kind,
    Pruned,
    Requeued,
    Task,
    TextMap,
    encode,
    member,
)
from exosphere_core.retry import delay_ms
from exosphere_core.states import Status
from exosphere_core.store import moves
from exosphere_core.store.calls import Call
from exosphere_core.store.moves import Delivery
from exosphere_core.store.offspring import CHUNK
from exosphere_core.store.reads import Wanted, read_values
from exosphere_core.store.streams import Entry
from exosphere_orchestrator.engine.context import EngineContext, logger
from exosphere_orchestrator.engine.reports import Malformed, Report, parse_report
from exosphere_orchestrator.engine.succession import Limits, Succession, Unresolvable, retry_of, succeed


class Step(NamedTuple):
    """What a report comes to: calls to apply in order, and what to do with a good reply."""

    report: Report
    of: Delivery
    calls: Iterator[Call]
    #: How many calls there will be: above one, it is a wide fan-out.
    parts: int
    #: Id of the state that may become due, and after how many ms.
    due: tuple[str, int] | None
    #: state id → task of what is made.
    tasks: dict[str, Task]


class Batch(NamedTuple):
    """A batch of entries, sorted by what is to be done with them."""

    steps: list[Step]
    #: Of unites that settled and of runs that were cancelled: work of its own, not of one script.
    apart: list[Report]
    rejected: list[Call]


async def prepare(context: EngineContext, queue: ShardKeys, entries: Sequence[Entry], limits: Limits) -> Batch:
    """Read what a batch of reports needs, and tell what each comes to.

    Args:
        queue: the shard whose report stream the entries came from.
        limits: what one state may bring into being.
    """
    rejected: list[Call] = []
    reports: list[Report] = []
    apart: list[Report] = []
    for entry in entries:
        try:
            report = parse_report(entry)
        except Malformed as bad:
            rejected.append(_reject(context, queue, entry, str(bad)))
            continue
        (apart if report.kind in (Kind.SETTLED, Kind.CANCELLED) else reports).append(report)

    tasks = await context.tasks.get_many([(shard_keys(r.home, queue.shard), r.state) for r in reports])
    known: list[tuple[Report, Task, GraphPlan]] = []
    for report, task in zip(reports, tasks, strict=True):
        if task is None:
            rejected.append(_reject(context, queue, report.entry, "there is no such state"))
        elif task.namespace != queue.namespace or task.home != report.home:
            # A runtime reports through its own namespace's stream, so it can't speak for another's states.
            rejected.append(_reject(context, queue, report.entry, "the state is of another namespace"))
        else:
            try:
                plan = await context.plans.get(task.home, task.graph, task.version)
            except NotFound as gone:
                rejected.append(_reject(context, queue, report.entry, gone.detail))
            else:
                known.append((report, task, plan))

    values = await _read_values(context, queue.shard, known)
    steps = []
    for report, task, plan in known:
        of = Delivery(report.state, report.attempt, task, shard_keys(task.home, queue.shard), queue, report.entry.id)
        outputs, store = values.get(report.entry.id, _NOTHING)
        if isinstance(report.body, Executed) and len(report.body.outputs) > CHUNK:
            # Seconds of computing: in a thread, so that the HTTP API goes on meanwhile.
            steps.append(await asyncio.to_thread(step, report, of, plan, outputs, store, limits))
        else:
            steps.append(step(report, of, plan, outputs, store, limits))
    return Batch(steps, apart, rejected)


def step(
    report: Report, of: Delivery, plan: GraphPlan, outputs: dict[str, TextMap], store: TextMap, limits: Limits
) -> Step:
    """Tell what one report comes to."""
    body = report.body
    if isinstance(body, Executed):
        try:
            return _success(report, of, succeed(plan, of.state, of.task, body, outputs, store, limits), body)
        except Unresolvable as why:
            kept = encode(body.outputs[0]) if body.outputs else b"{}"
            call = moves.fail(of, Status.NEXT_CREATED_ERROR, str(why), kept, _errored_members(plan, of))
            return Step(report, of, iter([call]), 1, None, {})
    if isinstance(body, Failed):
        policy = plan.nodes[of.task.identifier].retry_policy
        retry = of.task.retry_count + 1
        if body.retryable and retry <= policy.max_retries:
            delay = delay_ms(policy, retry, random.random())
            state, task = retry_of(of.state, of.task)
            call = moves.retry(of, body.error, state, task, delay)
            return Step(report, of, iter([call]), 1, (state, delay) if delay else None, {state: task})
        call = moves.fail(of, Status.ERRORED, body.error, b"", _errored_members(plan, of))
        return Step(report, of, iter([call]), 1, None, {})
    if isinstance(body, Pruned):
        return Step(report, of, iter([moves.prune(of, bytes(body.data))]), 1, None, {})
    delay = body.delay_ms if isinstance(body, Requeued) else 0
    due = (of.state, delay) if delay > 0 else None
    return Step(report, of, iter([moves.requeue(of, max(0, delay))]), 1, due, {of.state: of.task})


def _success(report: Report, of: Delivery, made: Succession, body: Executed) -> Step:
    parts = list(made.offspring.chunks())

    def calls() -> Iterator[Call]:
        for part in parts[:-1]:
            yield moves.expand(of, made.outputs, part)
        yield moves.advance(of, made.outputs, made.member, parts[-1], made.arrivals, body.store)

    return Step(report, of, calls(), len(parts), None, made.tasks)


def _errored_members(plan: GraphPlan, of: Delivery) -> list[str]:
    """An ALL_DONE unite looks its errored branches up when it fires."""
    return [
        member(ERRORED_MEMBERS, of.task.branch, of.task.position, of.state)
        if (rule := plan.nodes[uniting].unites) and rule.strategy == "ALL_DONE"
        else ""
        for uniting in of.task.unites
    ]


_NOTHING: tuple[dict[str, TextMap], TextMap] = ({}, {})


async def _read_values(
    context: EngineContext, shard: int, known: Sequence[tuple[Report, Task, GraphPlan]]
) -> dict[str, tuple[dict[str, TextMap], TextMap]]:
    """For each report of a success: the outputs (by identifier) and store values that the children read."""
    wanted: list[Wanted] = []
    asked: list[tuple[str, dict[str, str]]] = []
    for report, task, plan in known:
        node = plan.nodes[task.identifier]
        if isinstance(report.body, Executed) and (node.ahead_outputs or node.ahead_store):
            states = {name: task.parents[name] for name in node.ahead_outputs if name in task.parents}
            wanted.append(
                Wanted(shard_keys(task.home, shard), task.run, list(states.values()), sorted(node.ahead_store))
            )
            asked.append((report.entry.id, states))
    if not wanted:
        return {}
    found = await read_values(context.redis, wanted)
    return {
        entry: ({name: outputs[state] for name, state in states.items()}, store)
        for (entry, states), (outputs, store) in zip(asked, found, strict=True)
    }


def _reject(context: EngineContext, queue: ShardKeys, entry: Entry, reason: str) -> Call:
    context.counts["rejected"] += 1
    logger.warning("report %s of %s was put aside: %s", entry.id, entry.stream, reason)
    return moves.reject(queue, entry.id, reason, entry.fields)
