"""Examines one run: reads its records a page at a time, and puts right what they disagree about."""

from time import monotonic

from exosphere_core.errors import NotFound
from exosphere_core.graph.plan import GraphPlan
from exosphere_core.keys import RUNTIMES_GROUP
from exosphere_core.states import FAILED, PENDING, RunStatus, UniteStatus
from exosphere_core.store import mends, survey
from exosphere_core.store.survey import RunTrace, StateTrace, UniteTrace, Unreadable
from exosphere_orchestrator.reconcile import groups, queues
from exosphere_orchestrator.reconcile.counters import add_errored, repair_counters, repair_members
from exosphere_orchestrator.reconcile.desk import MOST_SUSPECTS, Desk, Moved, Suspects
from exosphere_orchestrator.reconcile.family import tolerance_of
from exosphere_orchestrator.reconcile.mend import Kind
from exosphere_orchestrator.reconcile.repairs import repair
from exosphere_orchestrator.reconcile.structure import structure_of
from exosphere_orchestrator.reconcile.tally import Tally

#: So often a run is looked at until nothing is found any more; the next sweep goes on.
_ROUNDS = 30


async def look(desk: Desk, run_id: str) -> bool:
    """Examine a run, and note it as ailing when something was wrong or seems to be. Returns whether that is so."""
    before = desk.journal.total + desk.suspects.count
    await examine(desk, run_id)
    wrong = desk.journal.total + desk.suspects.count != before
    if wrong:
        desk.ailing.add(run_id)
    return wrong


async def examine(desk: Desk, run_id: str) -> None:
    """Put right what a run's records disagree about; what seems lost in the queues becomes a suspect."""
    desk.journal.runs += 1
    for _ in range(_ROUNDS):
        run = await survey.read_run(desk.redis, desk.home, run_id)
        if not isinstance(run, RunTrace):
            return
        try:
            graph = await desk.plans.get(desk.home.namespace, run.graph, run.version)
        except NotFound:
            if run.status == RunStatus.PENDING:
                desk.journal.left["a pending run is of a graph version that does not exist"] += 1
            return
        if run.status == RunStatus.PENDING:
            await groups.ensure(desk, _ready(desk, graph), RUNTIMES_GROUP)
        suspects = Suspects()
        try:
            if not await _round(desk, run, graph, suspects):
                desk.suspects.states += suspects.states[: MOST_SUSPECTS - len(desk.suspects.states)]
                desk.suspects.unites += suspects.unites[: MOST_SUSPECTS - len(desk.suspects.unites)]
                desk.suspects.runs += suspects.runs
                return
        except Moved:
            # Its lost entries can be told all the same: each state's place is fenced by itself.
            desk.suspects.states += suspects.states[: MOST_SUSPECTS - len(desk.suspects.states)]
            desk.journal.busy += 1
            return
        if monotonic() >= desk.until:
            break
    desk.journal.left["a run was not put right within one sweep"] += 1


async def _round(desk: Desk, run: RunTrace, graph: GraphPlan, suspects: Suspects) -> bool:
    """Look at everything once. True when something was put right, so that another look is needed."""
    unites, broken = await _unites(desk, run)
    tally = Tally(graph, unites)
    gone, changed = await _states(desk, run, graph, unites, tally, suspects)
    tally.hold_unanchored()
    if broken or changed:
        return True
    if await survey.read_run(desk.redis, desk.home, run.id) != run:
        raise Moved
    if gone or not tally.is_whole():
        found = await structure_of(desk, run, graph)
        if await repair(desk, run, graph, found, moves_on=tally.open > 0):
            return True
        for state in found.waiting:
            tally.hold(state)
    pending = run.status == RunStatus.PENDING and not run.cancelled
    # Before the counters: those may let it fire.
    if pending and await repair_members(desk, run, graph, unites, tally):
        return True
    if await repair_counters(desk, run, unites, tally):
        return True
    if run.status != RunStatus.PENDING:
        return False
    if run.cancelled:
        suspects.runs.append(run.id)
        suspects.states.clear()
        return False
    suspects.unites += [
        unite.id for unite in unites.values() if unite.status == UniteStatus.ARMED and unite.pending == "0"
    ]
    return False


async def _unites(desk: Desk, run: RunTrace) -> tuple[dict[str, UniteTrace], bool]:
    found: dict[str, UniteTrace] = {}
    broken = False
    start = 0
    while ids := await survey.read_list(desk.redis, desk.home.unites(run.id), start):
        start += len(ids)
        for some_id, unite in zip(ids, await survey.read_unites(desk.redis, desk.home, ids), strict=True):
            if isinstance(unite, Unreadable):
                await desk.put_aside("unite", desk.home.unite(some_id), unite)
                broken = True
            elif unite is not None and unite.plan.run == run.id:
                found[some_id] = unite
    return found, broken


async def _states(
    desk: Desk, run: RunTrace, graph: GraphPlan, unites: dict[str, UniteTrace], tally: Tally, suspects: Suspects
) -> tuple[int, bool]:
    """Read a run's states. Returns how many that are listed do not exist, and whether something was put right."""
    start = gone = 0
    changed = False
    while ids := await survey.read_list(desk.redis, desk.home.states(run.id), start):
        start += len(ids)
        desk.journal.states += len(ids)
        open_states: list[StateTrace] = []
        for some_id, state in zip(ids, await survey.read_states(desk.redis, desk.home, ids), strict=True):
            if isinstance(state, Unreadable):
                await desk.put_aside("state", desk.home.state(some_id), state)
                changed = True
            elif state is None or state.task.run != run.id:
                gone += 1
            else:
                tally.add(state)
                if state.status in PENDING:
                    open_states.append(state)
                elif state.status in FAILED and (said := tolerance_of(graph, state, unites)):
                    fields = dict(zip(("tolerated", "hidden"), said, strict=True))
                    await desk.fenced(
                        run, mends.amend(desk.home, run, state.id, state.task.identifier, state.status, fields)
                    )
                    desk.journal.note(Kind.IMPLIED, desk.home, state.id)
                    changed = True
        changed = bool(await add_errored(desk, tally.errored_members)) or changed
        tally.errored_members.clear()
        if not run.cancelled:
            await queues.locate(desk, open_states, suspects)
    return gone, changed


def _ready(desk: Desk, graph: GraphPlan) -> list[str]:
    """The ready streams of a graph's nodes that are in the run's own namespace."""
    return [desk.home.ready(node.node) for node in graph.nodes.values() if node.namespace == desk.home.namespace]
