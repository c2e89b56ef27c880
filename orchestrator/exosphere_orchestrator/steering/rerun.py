"""Running a run again from a node: what lies before is taken over, the rest is executed."""

from collections.abc import Mapping

from exosphere_core import traces
from exosphere_core.errors import BadRequest, Conflict, NotFound
from exosphere_core.graph.plan import GraphPlan
from exosphere_core.ids import derived_id, new_run_id
from exosphere_core.keys import ShardKeys
from exosphere_core.names import identifier_error
from exosphere_core.records import Rerun, Task
from exosphere_core.store import catalog, moves, reads
from exosphere_core.store.reads import RunRecord
from exosphere_orchestrator.admission.pause import refuse_paused
from exosphere_orchestrator.admission.sizes import check_given
from exosphere_orchestrator.engine.context import EngineContext
from exosphere_orchestrator.engine.inputs import Unresolvable, sized
from exosphere_orchestrator.engine.places import birthplace, starts_at


async def rerun(
    context: EngineContext,
    home: ShardKeys,
    run: str,
    *,
    identifier: str | None = None,
    state: str | None = None,
    inputs: Mapping[str, str],
    store: Mapping[str, str],
) -> str:
    """Make a new run of the same version that begins at a node or at one state. Returns its id.

    Args:
        identifier: the node where it begins: each of its states is executed anew, and all that follows from them.
        state: the one state where it begins, in place of `identifier`; with neither it begins at the root.
        inputs: replaces inputs of the same names where it begins.
        store: overlays the store, which is taken over as it is now.

    Raises:
        NotFound: there is no such run, or no such state in it.
        BadRequest: a node, an input or a store key is not there or not allowed.
        TooLarge: it has too many inputs or store keys, or too large a store.
        Conflict: its graph was deleted, or is paused.
        Overloaded: there is too much to do already; nothing was made.
        NotYetSafe: the run was made, and is not yet as safe as the settings want it.
    """
    found = await reads.read_runs(context.redis, home, [run])
    if not found:
        raise NotFound(f"namespace {home.namespace!r} has no run {run[:60]!r}")
    (record,) = found
    try:
        plan = await context.plans.get(home.namespace, record.graph, record.version)
    except NotFound:
        # A version goes only with its graph.
        raise Conflict(f"run {run} can't run again: graph {record.graph!r} was deleted") from None
    head = await catalog.read_head(context.redis, home.namespace, record.graph)
    if head is not None:
        refuse_paused(home.namespace, head)
    made_from = await _begin(context, home, record, plan, identifier, state, inputs)
    if errors := [error for key in store if (error := identifier_error("store key", key))]:
        raise BadRequest("; ".join(errors))
    new_run = new_run_id(home.shard)
    with traces.making(home.namespace, record.graph, new_run) as trace:
        await _make(context, home, record, plan, made_from, new_run, trace, inputs, store)
    return new_run


async def _make(
    context: EngineContext,
    home: ShardKeys,
    record: RunRecord,
    plan: GraphPlan,
    made_from: Rerun,
    new_run: str,
    trace: str,
    inputs: Mapping[str, str],
    store: Mapping[str, str],
) -> None:
    (root,) = await reads.read_states(context.redis, home, [record.root])
    anew = starts_at(made_from, plan.root, record.root)
    task = Task(
        run=new_run,
        home=home.namespace,
        graph=record.graph,
        version=record.version,
        identifier=plan.root,
        node=plan.nodes[plan.root].node,
        namespace=plan.nodes[plan.root].namespace,
        timeout_ms=plan.nodes[plan.root].timeout_ms,
        replays="" if anew else record.root,
        trace=trace,
    )
    try:
        given = sized(root.inputs | (dict(inputs) if anew else {}), plan.root, context.limits.max_value_bytes)
    except Unresolvable as why:
        raise BadRequest(str(why)) from None
    values = await reads.read_store(context.redis, home, record.id) | dict(store)
    check_given(inputs, values, context.limits)
    root_id = derived_id("root", new_run)
    ready, most = birthplace(task), context.intake.max_queued
    call = moves.trigger(home, new_run, task, root_id, given, values, 0, ready, made_from, max_queued=most)
    answer, _ = await context.intake.make(context.scripts, call, task)
    if answer == b"deleted":
        raise Conflict(f"run {record.id} can't run again: graph {record.graph!r} was deleted")


async def _begin(
    context: EngineContext,
    home: ShardKeys,
    run: RunRecord,
    plan: GraphPlan,
    identifier: str | None,
    state: str | None,
    inputs: Mapping[str, str],
) -> Rerun:
    chain, unites = "", []
    if state is not None:
        (task,) = await reads.read_tasks(context.redis, [(home, state)])
        if task is None or task.run != run.id:
            raise NotFound(f"run {run.id} has no state {state[:60]!r}")
        if identifier not in (None, task.identifier):
            raise BadRequest(f"state {state} is one of {task.identifier!r}, not of {identifier!r}; give one of the two")
        if task.position:
            raise BadRequest(
                f"state {state} only keeps output {task.position} of a fan-out; "
                "give the state that was executed, or the identifier"
            )
        identifier, chain, unites = task.identifier, task.chain or state, list(task.unites.values())
    start = plan.root if identifier is None else identifier
    if start not in plan.nodes:
        raise BadRequest(f"identifier: graph {plan.graph!r} has no node {start!r}; it has {', '.join(plan.nodes)}")
    declared = plan.nodes[start].inputs
    if unknown := [field for field in inputs if field not in declared]:
        raise BadRequest(
            f"inputs: node {start!r} has no input {', '.join(map(repr, unknown))}; "
            f"it has {', '.join(declared) or 'none'}"
        )
    return Rerun(of=run.id, identifier=start, state=chain, unites=unites, inputs=dict(inputs))
