"""Applies reports: from a batch of entries to one script call each, all in as few round trips as can be."""

import asyncio
import random
from collections.abc import Iterator, Sequence

from exosphere_core.graph.plan import GraphPlan
from exosphere_core.ids import ERRORED_MEMBERS, member
from exosphere_core.keys import ShardKeys, shard_keys
from exosphere_core.records import Executed, Failed, Kind, Pruned, Requeued, Rerun, Task, TextMap, encode
from exosphere_core.retry import delay_ms
from exosphere_core.states import Status
from exosphere_core.store import moves
from exosphere_core.store.moves import Delivery
from exosphere_core.store.offspring import Offspring
from exosphere_core.store.reads import Wanted, read_values
from exosphere_core.store.short_moves import Stepped
from exosphere_core.store.streams import Entry
from exosphere_orchestrator.engine.context import EngineContext
from exosphere_orchestrator.engine.inputs import UNLIMITED, Limits, Unresolvable
from exosphere_orchestrator.engine.replays import replay
from exosphere_orchestrator.engine.reports import Malformed, Report, parse_report
from exosphere_orchestrator.engine.single import End, Ends, is_end, is_step, only_child
from exosphere_orchestrator.engine.steps import Batch, Made, Step
from exosphere_orchestrator.engine.succession import Succession, retry_of, succeed

#: A fan-out of more outputs is computed in a thread.
_WIDE = 500

#: Kinds that call for work of their own.
_APART = frozenset({Kind.SETTLED, Kind.CANCELLED})


async def prepare(context: EngineContext, queue: ShardKeys, entries: Sequence[Entry], limits: Limits) -> Batch:
    """Read what a batch of reports needs, and tell what each comes to.

    Args:
        queue: the shard whose reports and inbox the entries came from.
        limits: what one state may bring into being.

    Raises:
        CorruptRecord: a record can't be read; which of the entries that concerns is to be found out.
        NotFound: a graph version is gone.
    """
    rejected: dict[tuple[str, str], tuple[Entry, str]] = {}
    reports: list[Report] = []
    born: list[Report] = []
    apart: list[Report] = []
    foreign: list[Report] = []
    for entry in entries:
        try:
            report = parse_report(entry, queue, limits.max_report_bytes, limits.max_json_depth)
        except Malformed as bad:
            # The run's own namespace says so again, and lets the state fail.
            if bad.failure is None or bad.failure.home == queue.namespace:
                rejected[entry.place] = entry, str(bad)
            if bad.failure is None:
                continue
            report = bad.failure
        if report.home != queue.namespace:
            foreign.append(report)
        else:
            (apart if report.kind in _APART else born if report.kind is Kind.REPLAY else reports).append(report)

    tasks = await context.tasks.get_many([(queue, report.state) for report in (*reports, *born)])
    if born:
        # What is taken over is decided here, and is from here on a report like others.
        found = list(zip(born, tasks[len(reports) :], strict=True))
        for report in (report for report, task in found if task is None):
            rejected[report.entry.place] = report.entry, "there is no such state"
        due = [(report, task) for report, task in found if task is not None]
        reports += await replay(context, queue, due)
        tasks[-len(born) :] = [task for _, task in due]
    known: list[tuple[Report, Task, GraphPlan]] = []
    plans: dict[tuple[str, str, int], GraphPlan] = {}
    for report, task in zip(reports, tasks, strict=True):
        if task is None:
            rejected.setdefault(report.entry.place, (report.entry, "there is no such state"))
        elif not may_speak_for(report, task):
            rejected.setdefault(report.entry.place, (report.entry, "the state is of another namespace"))
        else:
            version = (task.home, task.graph, task.version)
            if version not in plans:
                plans[version] = await context.plans.get(*version)
            known.append((report, task, plans[version]))

    values = await _read_values(context, queue.shard, known)
    steps = []
    ends = Ends()
    for report, task, plan in known:
        entry = report.entry
        of = Delivery(report.state, report.attempt, task, queue, entry.stream, entry.id, report.by, report.ran_ms)
        outputs, store = values.get((entry.stream, entry.id), _NOTHING)
        rerun = await context.reruns.get(of.home, task.run) if _takes_over(report) else None
        if isinstance(report.body, Executed) and len(report.body.outputs) > _WIDE:
            # Seconds of computing: in a thread, so that the HTTP API goes on meanwhile.
            steps.append(await asyncio.to_thread(step, report, of, plan, outputs, store, limits, rerun, ends))
        else:
            steps.append(step(report, of, plan, outputs, store, limits, rerun, ends))
    return Batch(steps, apart, foreign, list(rejected.values()))


def step(
    report: Report,
    of: Delivery,
    plan: GraphPlan,
    outputs: dict[str, TextMap],
    store: TextMap,
    limits: Limits,
    rerun: Rerun | None,
    ends: Ends,
) -> Step:
    """Tell what one report comes to.

    Args:
        ends: of the batch.
    """
    body = report.body
    if isinstance(body, Executed):
        try:
            node = plan.nodes[of.task.identifier]
            if is_step(plan, of.task, body, limits):
                child, task = only_child(plan, of, body.outputs[0], outputs, store, limits)
                short = Stepped(of, encode(body.outputs[0]), child, task)
                return Step(report, of, _whole(plan, of, body, outputs, store), 1, None, short)
            if is_end(node, body, limits):
                end = ends.of(plan, of, encode(body.outputs[0]))
                return Step(report, of, _no_child(end), 1, None, end)
            return _success(report, of, succeed(plan, of.state, of.task, body, outputs, store, limits, rerun), body)
        except Unresolvable as why:
            kept = encode(body.outputs[0]) if body.outputs else b"{}"
            call = moves.fail(of, Status.NEXT_CREATED_ERROR, str(why), kept, errored_members(plan, of))
            return Step(report, of, iter([Made(call)]), 1, None)
    if isinstance(body, Failed):
        error = limits.shortened(body.error)
        policy = plan.nodes[of.task.identifier].retry_policy
        retry = of.task.retry_count + 1
        if body.retryable and retry <= policy.max_retries:
            delay = delay_ms(policy, retry, random.random())
            state, task = retry_of(of.state, of.task)
            call = moves.retry(of, error, state, task, delay)
            return Step(report, of, iter([Made(call, {state: task})]), 1, (state, delay) if delay else None)
        call = moves.fail(of, Status.ERRORED, error, b"", errored_members(plan, of))
        return Step(report, of, iter([Made(call)]), 1, None)
    return plain_step(report, of)


def plain_step(report: Report, of: Delivery) -> Step:
    """Tell what a report comes to that says neither success nor failure: no graph is needed for that."""
    body = report.body
    if isinstance(body, Pruned):
        return Step(report, of, iter([Made(moves.prune(of, bytes(body.data)))]), 1, None)
    delay = body.delay_ms if isinstance(body, Requeued) else 0
    due = (of.state, delay) if delay > 0 else None
    return Step(report, of, iter([Made(moves.requeue(of, max(0, delay)), {of.state: of.task})]), 1, due)


def _success(report: Report, of: Delivery, made: Succession, body: Executed) -> Step:
    width = len(body.outputs) if body.fanned_out else None

    def calls() -> Iterator[Made]:
        for number, part in enumerate(made.parts, start=1):
            if number < made.count:
                call = moves.expand(of, made.outputs, len(body.outputs), part.offspring, number)
            else:
                call = moves.advance(
                    of, made.outputs, width, made.member, part.offspring, made.arrivals, body.store, number - 1
                )
            yield Made(call, part.tasks)

    return Step(report, of, calls(), made.count, None)


def _no_child(end: End) -> Iterator[Made]:
    ended, unites = end.ended, end.unites
    yield Made(moves.advance(ended.of, ended.outputs, None, ended.member, Offspring(unites=unites), 1, {}))


def _whole(
    plan: GraphPlan, of: Delivery, body: Executed, outputs: dict[str, TextMap], store: TextMap
) -> Iterator[Made]:
    # What is beyond the limits was refused when the short way was taken; this may be of one that was half made before them.
    made = succeed(plan, of.state, of.task, body, outputs, store, UNLIMITED)
    for part in made.parts:
        yield Made(
            moves.advance(of, made.outputs, None, made.member, part.offspring, made.arrivals, body.store), part.tasks
        )


def may_speak_for(report: Report, task: Task) -> bool:
    """Whether a report may be about this state: a runtime reports through its own namespace's stream, so it can't speak for another's states.

    What is taken over from an earlier run comes through the stream of the run's own shard, by its scripts.
    """
    if task.home != report.home:
        return False
    return task.namespace == report.via or (bool(task.replays) and task.home == report.via)


def _takes_over(report: Report) -> bool:
    return isinstance(report.body, Executed) and bool(report.body.origin)


def errored_members(plan: GraphPlan, of: Delivery) -> list[str]:
    """Per unite that a state counts for, the member that it adds when it fails: an ALL_DONE unite looks its errored branches up when it fires."""
    return [
        member(ERRORED_MEMBERS, of.task.branch, of.task.position, of.state)
        if (rule := plan.nodes[uniting].unites) and rule.strategy == "ALL_DONE"
        else ""
        for uniting in of.task.unites
    ]


_NOTHING: tuple[dict[str, TextMap], TextMap] = ({}, {})


async def _read_values(
    context: EngineContext, shard: int, known: Sequence[tuple[Report, Task, GraphPlan]]
) -> dict[tuple[str, str], tuple[dict[str, TextMap], TextMap]]:
    """For each report of a success: the outputs (by identifier) and store values that the children read."""
    wanted: list[Wanted] = []
    asked: list[tuple[tuple[str, str], dict[str, str]]] = []
    for report, task, plan in known:
        node = plan.nodes[task.identifier]
        if isinstance(report.body, Executed) and (node.ahead_outputs or node.ahead_store):
            states = {name: task.parents[name] for name in node.ahead_outputs if name in task.parents}
            wanted.append(
                Wanted(shard_keys(task.home, shard), task.run, list(states.values()), sorted(node.ahead_store))
            )
            asked.append((report.entry.place, states))
    if not wanted:
        return {}
    found = await read_values(context.redis, wanted)
    return {
        entry: ({name: outputs[state] for name, state in states.items()}, store)
        for (entry, states), (outputs, store) in zip(asked, found, strict=True)
    }
