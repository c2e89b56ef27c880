"""Makes again what records say was made and is lost: by the engine's own rules, from recorded outputs."""

from collections.abc import Collection, Sequence

from exosphere_core.graph.plan import GraphPlan
from exosphere_core.ids import derived_id
from exosphere_core.records import Executed, Task, TextMap, encode
from exosphere_core.states import PENDING, Status
from exosphere_core.store import mends, survey
from exosphere_core.store.connection import ask
from exosphere_core.store.offspring import Child, Offspring, UniteTouch
from exosphere_core.store.reads import Wanted, read_outputs, read_values
from exosphere_core.store.survey import RunTrace, StateTrace
from exosphere_orchestrator.engine.inputs import UNLIMITED, Unresolvable
from exosphere_orchestrator.engine.places import birthplace
from exosphere_orchestrator.engine.succession import retry_by_hand_of, retry_of, succeed
from exosphere_orchestrator.reconcile.desk import Desk
from exosphere_orchestrator.reconcile.mend import Kind


class NotYet(Exception):
    """What a lost child reads is lost, too, and an ancestor is to give it again. Nothing was done."""


async def make_children(
    desk: Desk,
    run: RunTrace,
    graph: GraphPlan,
    state: StateTrace,
    siblings: Sequence[str],
    lost: Collection[str],
    *,
    moves_on: bool,
) -> RunTrace:
    """Make lost children and unites of a success again. Returns the run's record afterwards.

    What a child reads from the store is what the store holds now.

    Args:
        moves_on: whether anything of the run is to be executed, so that what is missing may come.

    Raises:
        Moved: the run moved meanwhile.
        NotYet: an ancestor is missing or to be executed again.
    """
    home, task = desk.home, state.task
    node = graph.nodes[task.identifier]
    results = await read_outputs(desk.redis, home, [state.id, *siblings]) if state.outputs else []
    parents = {name: task.parents[name] for name in node.ahead_outputs if name in task.parents}
    wanted = Wanted(home, task.run, list(parents.values()), sorted(node.ahead_store))
    ((values, store),) = await read_values(desk.redis, [wanted])
    outputs: dict[str, TextMap] = {name: values[parent] for name, parent in parents.items()}
    origin = await _origin(desk, state)
    executed = Executed(results, fanned_out=state.width is not None, origin=origin)
    rerun = await desk.reruns.get(home, task.run) if origin else None
    try:
        made = succeed(graph, state.id, task, executed, outputs, store, UNLIMITED, rerun)
        parts = [part.offspring for part in made.parts] if made.count == 1 else (part.offspring for part in made.parts)
        unites_lost = any(unite in lost for unite in _armed_ids(graph, state))
        for part in parts:
            children = [child for child in part.children if child.id in lost]
            if children or unites_lost:
                unites_lost = False
                call = mends.complete(
                    home, run, state.id, task.identifier, part._replace(siblings=(), children=children)
                )
                run = await desk.fenced(run, call)
    except Unresolvable as why:
        if moves_on and await _are_to_come(desk, list(task.parents.values())):
            raise NotYet from None
        fields = {"status": Status.NEXT_CREATED_ERROR.value, "error": f"a lost child can't be made again: {why}"}
        run = await desk.fenced(run, mends.amend(home, run, state.id, task.identifier, state.status, fields))
        desk.journal.note(Kind.LOST, home, state.id)
        return run
    desk.journal.note(Kind.CHILD, home, state.id)
    return run


async def make_retry(desk: Desk, run: RunTrace, graph: GraphPlan, state: StateTrace) -> RunTrace:
    """Make a lost state again that retries another. Returns the run's record afterwards.

    Raises:
        Moved: the run moved meanwhile.
    """
    task = state.task
    by_hand = state.by_hand or task.retry_count >= graph.nodes[task.identifier].retry_policy.max_retries
    again, new_task = (retry_by_hand_of if by_hand else retry_of)(state.id, task)
    inputs = await ask(desk.redis, "HGET", desk.home.state(state.id), "inputs")
    touches = [UniteTouch(unite, b"", "", "", False, False) for unite in task.unites.values()]
    counts = ",".join(str(ordinal) for ordinal in range(1, len(touches) + 1))
    child = Child(again, task.identifier, encode(new_task), inputs or b"{}", counts, birthplace(new_task))
    call = mends.complete(desk.home, run, state.id, task.identifier, Offspring(children=[child], unites=touches))
    run = await desk.fenced(run, call)
    desk.journal.note(Kind.CHILD, desk.home, again)
    return run


async def make_root(desk: Desk, run: RunTrace, graph: GraphPlan) -> RunTrace:
    """Record a lost root as failed: what it was triggered with is known nowhere else. Returns the run's record.

    Raises:
        Moved: the run moved meanwhile.
    """
    root = graph.nodes[graph.root]
    task = Task(
        run=run.id, home=desk.home.namespace, graph=graph.graph, version=graph.version, identifier=graph.root,
        node=root.node, namespace=root.namespace, timeout_ms=root.timeout_ms,
    )  # fmt: skip
    fields: dict[str, str | bytes | int] = {
        "status": Status.ERRORED.value, "attempt": "1", "task": encode(task), "inputs": "{}",
        "error": "the record of this state, with the inputs of the trigger, was lost; trigger the graph again",
    }  # fmt: skip
    run = await desk.fenced(run, mends.amend(desk.home, run, run.root, graph.root, "", fields))
    desk.journal.note(Kind.LOST, desk.home, run.root)
    return run


def _armed_ids(graph: GraphPlan, state: StateTrace) -> list[str]:
    return [derived_id("unite", state.id, uniting) for uniting in graph.nodes[state.task.identifier].armed]


async def _are_to_come(desk: Desk, ancestors: Sequence[str]) -> bool:
    found = await survey.read_states(desk.redis, desk.home, ancestors)
    return any(not isinstance(state, StateTrace) or state.status in PENDING for state in found)


async def _origin(desk: Desk, state: StateTrace) -> str:
    """In a rerun: the state of the earlier run whose outputs this one took over, or "" when it was executed anew."""
    earlier = state.task.replays
    if not earlier or state.attempt != "1":
        return ""
    while True:
        (found,) = await survey.read_states(desk.redis, desk.home, [earlier])
        if not isinstance(found, StateTrace):
            return ""
        if found.status != Status.RETRY_CREATED:
            return found.id if found.status == Status.SUCCESS else ""
        earlier = found.retried_by or derived_id("retry", found.id)
