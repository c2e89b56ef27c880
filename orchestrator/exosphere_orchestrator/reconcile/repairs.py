"""Puts right what the walk over a run's records found. Each repair is fenced by the run's record."""

from collections.abc import Sequence

from exosphere_core.graph.plan import GraphPlan
from exosphere_core.ids import derived_id
from exosphere_core.states import RunStatus, Status, UniteStatus
from exosphere_core.store import mends, survey
from exosphere_core.store.calls import Call
from exosphere_core.store.survey import RunTrace
from exosphere_orchestrator.reconcile.desk import Desk
from exosphere_orchestrator.reconcile.mend import Kind
from exosphere_orchestrator.reconcile.rebirth import NotYet, make_children, make_retry, make_root
from exosphere_orchestrator.reconcile.structure import Structure, fired_status

#: A list that was written beside another is gone by itself after this time, in s.
_EXPIRE_S = 600

#: So many of the lost states are looked for once more by the script that has their outputs made anew.
_CHECKED = 100

#: How many branches a unite that is armed again waits for until it is recounted: none of them comes.
_HELD = 1_000_000


async def repair(desk: Desk, run: RunTrace, graph: GraphPlan, found: Structure, *, moves_on: bool) -> bool:
    """Make what is lost again, and say on records what others tell of them. True when there was something to do.

    Args:
        moves_on: whether anything of the run is to be executed.

    Raises:
        Moved: the run moved meanwhile; the next look goes on.
    """
    before = desk.journal.total
    home = desk.home
    for key, anew, ids in (
        (home.states(run.id), home.states_anew(run.id), found.states),
        (home.unites(run.id), home.unites_anew(run.id), found.unites),
    ):
        run = await _relist(desk, run, key, anew, ids)
    for state in found.retried:
        fields = {"status": Status.RETRY_CREATED.value, "retried_by": derived_id("retry", state.id)}
        run = await desk.fenced(run, mends.amend(home, run, state.id, state.task.identifier, state.status, fields))
        desk.journal.note(Kind.IMPLIED, home, state.id)
    for state in found.early:
        run = await desk.fenced(
            run, mends.amend(home, run, state.id, state.task.identifier, state.status, {"restored": "1"})
        )
        desk.journal.note(Kind.IMPLIED, home, state.id)
    for unite in found.begun:
        run = await desk.fenced(run, mends.recount_unite(home, run, unite, unite._replace(restored="1")))
        desk.journal.note(Kind.UNITE, home, unite.id)
    for unite, join in found.fired:
        right = unite._replace(status=fired_status(join))
        run = await desk.fenced(run, mends.recount_unite(home, run, unite, right))
        desk.journal.note(Kind.UNITE, home, unite.id)
    if run.status == RunStatus.PENDING and not run.cancelled:
        for unite in found.unfired:
            # One branch too many holds it until its members and counters were looked at.
            right = unite._replace(status=UniteStatus.ARMED.value, pending=str(_HELD), restored="1")
            run = await desk.fenced(run, mends.recount_unite(home, run, unite, right))
            desk.journal.note(Kind.UNITE, home, unite.id)
        await _make_again(desk, run, graph, found, moves_on=moves_on)
    elif found.lost or found.unfired or found.rootless:
        # Retention may be removing it just now; nothing of it is to be executed any more.
        desk.journal.left["records of a run that has ended are incomplete"] += 1
    return desk.journal.total > before


async def _make_again(desk: Desk, run: RunTrace, graph: GraphPlan, found: Structure, *, moves_on: bool) -> None:
    moves_on |= bool(found.unfired) or any(family.retry for _, family in found.owners.values())
    moves_on |= any(not gone.isdisjoint(found.owners[owner][1].siblings) for owner, gone in _gone(found))
    if found.rootless:
        run = await make_root(desk, run, graph)
    anew: list[Call] = []
    for owner, gone in _gone(found):
        state, family = found.owners[owner]
        if siblings := [each for each in family.siblings if each in gone]:
            anew.append(mends.restore(desk.home, state, siblings[:_CHECKED]))
        elif family.retry:
            run = await make_retry(desk, run, graph, state)
        else:
            try:
                run = await make_children(desk, run, graph, state, family.siblings, gone, moves_on=moves_on)
            except NotYet:
                found.waiting.append(state)
    for call, attempt in zip(anew, await desk.all_of(anew), strict=True):
        if attempt:
            desk.journal.note(Kind.ANEW, desk.home, str(call.args[0]))


def _gone(found: Structure) -> list[tuple[str, set[str]]]:
    return [(owner, set(lost)) for owner, lost in found.lost.items()]


async def _relist(desk: Desk, run: RunTrace, key: str, anew: str, ids: Sequence[str]) -> RunTrace:
    start = 0
    while page := await survey.read_list(desk.redis, key, start):
        if page != list(ids[start : start + len(page)]):
            break
        start += len(page)
    else:
        if start == len(ids):
            return run
    await survey.write_list(desk.redis, anew, ids, _EXPIRE_S)
    run = await desk.fenced(run, mends.relist(desk.home, run, key, anew))
    desk.journal.note(Kind.LIST, desk.home, run.id)
    return run
