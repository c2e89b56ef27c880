"""Holds the counters of a run and its unites against a recount of its states."""

from collections.abc import Iterator, Mapping, Sequence

from exosphere_core.graph.plan import GraphPlan
from exosphere_core.ids import derived_id, member
from exosphere_core.states import Status, UniteStatus
from exosphere_core.store import mends, survey
from exosphere_core.store.survey import PAGE, RunTrace, StateTrace, UniteTrace
from exosphere_orchestrator.reconcile.desk import Desk, Moved
from exosphere_orchestrator.reconcile.mend import Kind
from exosphere_orchestrator.reconcile.tally import Tally


async def repair_counters(desk: Desk, run: RunTrace, unites: Mapping[str, UniteTrace], tally: Tally) -> bool:
    """Write counters and statuses that a recount gives otherwise. True when there was one.

    Raises:
        Moved: the run moved meanwhile.
    """
    before = desk.journal.total
    home = desk.home
    # A cancelled run's unites are not counted down: none of them fires any more.
    for unite in () if run.cancelled else unites.values():
        right = tally.right(unite)
        if right != unite and unite.status != UniteStatus.CANCELLED:
            run = await desk.fenced(run, mends.recount_unite(home, run, unite, right))
            desk.journal.note(Kind.UNITE, home, unite.id)
    if desk.journal.total > before:
        # The status of one moves the counters of those around it.
        return True
    counters = tally.counters(run)
    found_open = run.fields.get(b"open", b"").decode(errors="replace")
    if counters or found_open != str(tally.open) or run.status != tally.status(run):
        await desk.fenced(run, mends.recount(home, run, tally.open, counters))
        desk.journal.note(Kind.RUN_COUNTERS, home, run.id)
    return desk.journal.total > before


async def repair_members(
    desk: Desk, run: RunTrace, graph: GraphPlan, unites: Mapping[str, UniteTrace], tally: Tally
) -> bool:
    """Put the members of unites right whose number is not that of the branches which they will read. True when there were any.

    Raises:
        Moved: the run moved meanwhile.
    """
    wrong: set[str] = set()
    asked = [unite.id for unite in unites.values() if _reads(unite, tally) and not tally.branches[unite.id].growing]
    for start in range(0, len(asked), PAGE):
        page = asked[start : start + PAGE]
        for unite, count in zip(page, await survey.count_members(desk.redis, desk.home, page), strict=True):
            if count != tally.branches[unite].members:
                wrong.add(unite)
    for unite in wrong:
        run = await _regather(desk, run, graph, unites[unite])
        desk.journal.note(Kind.MEMBERS, desk.home, unite)
    return bool(wrong)


def _reads(unite: UniteTrace, tally: Tally) -> bool:
    """Whether a unite is still to read its branches, or may be."""
    if unite.status in (UniteStatus.ARMED, UniteStatus.WAITING):
        return True
    fired = bool(tally.failed_joins) and unite.status == UniteStatus.FIRED
    return fired and derived_id("join", unite.id) in tally.failed_joins


async def _regather(desk: Desk, run: RunTrace, graph: GraphPlan, unite: UniteTrace) -> RunTrace:
    wanted: set[str] = set()
    start = 0
    while ids := await survey.read_list(desk.redis, desk.home.states(run.id), start):
        start += len(ids)
        for state in await survey.read_states(desk.redis, desk.home, ids):
            if isinstance(state, StateTrace):
                wanted.update(members_of(graph, state, unite))
    found: set[str] = set()
    after = ""
    while page := await survey.read_members(desk.redis, desk.home, unite.id, after):
        after = page[-1]
        found.update(name for name in page if not name.startswith("!"))
    missing, extra = sorted(wanted - found), sorted(found - wanted)
    if not missing and not extra:
        # They came in while their number was asked for.
        raise Moved
    for first in range(0, max(len(missing), len(extra)), mends.MEMBERS):
        last = first + mends.MEMBERS
        run = await desk.fenced(run, mends.regather(desk.home, run, unite.id, missing[first:last], extra[first:last]))
    return run


async def add_errored(desk: Desk, wanted: Sequence[tuple[str, str]]) -> int:
    """Add what unites that run after errors need to know of those. Returns how many were missing.

    A member of a state that is errored no longer is passed over when the unite fires, so one too many does no harm.
    """
    missing = await survey.missing_members(desk.redis, desk.home, wanted) if wanted else []
    for unite, name in missing:
        await desk.redis.zadd(desk.home.members(unite), {name: 0})
        desk.journal.note(Kind.MEMBERS, desk.home, unite)
    return len(missing)


def members_of(graph: GraphPlan, state: StateTrace, unite: UniteTrace) -> Iterator[str]:
    """The members that a state gives a unite. Pure."""
    task, rule = state.task, graph.nodes[unite.plan.identifier].unites
    if state.status != Status.SUCCESS or rule is None or task.identifier not in rule.collected:
        return
    if unite.id in task.unites.values():
        if state.outputs or task.position:
            yield member(task.identifier, task.branch, task.position, state.id)
    elif state.id == unite.plan.anchor:
        for position in range(state.outputs):
            owner = derived_id("sibling", state.id, str(position)) if position else state.id
            yield member(task.identifier, task.branch, position, owner)
