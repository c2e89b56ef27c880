"""Records that no run's record leads to: runs whose own record is lost, and what is left of runs that are gone."""

from collections.abc import AsyncIterator, Sequence

from exosphere_core.ids import shard_of
from exosphere_core.keys import ShardKeys
from exosphere_core.store import mends, survey
from exosphere_core.store.connection import Redis, owner
from exosphere_core.store.survey import PAGE, StateTrace, UniteTrace, Unreadable
from exosphere_orchestrator.reconcile.desk import Desk
from exosphere_orchestrator.reconcile.mend import Kind


async def ids_of(redis: Redis, pattern: str) -> AsyncIterator[list[str]]:
    """Go through the ids of all records of a kind, some hundred at a time; one may come twice.

    Args:
        pattern: a key of a record whose id is "*".
    """
    head = len(pattern) - 1
    page: list[str] = []
    # On a cluster all keys of a shard are with one node.
    server = await owner(redis, pattern)
    async for raw in server.scan_iter(match=pattern, count=PAGE):
        # Lists and sets that belong to a record lie behind its key, too.
        some_id = raw.decode()[head:]
        if shard_of(some_id) is not None:
            page.append(some_id)
        if len(page) >= PAGE:
            yield page
            page = []
    yield page


async def sweep_states(desk: Desk) -> list[str]:
    """Look for states whose run's record is gone. Returns the runs whose records were made again."""
    home = desk.home
    rebuilt: list[str] = []
    async for ids in ids_of(desk.redis, home.state("*")):
        found = await survey.read_states(desk.redis, home, ids)
        for state in found:
            if isinstance(state, Unreadable):
                await desk.put_aside("state", home.state(state.id), state)
        states = [state for state in found if isinstance(state, StateTrace)]
        gone = await _gone(desk, [state.task.run for state in states])
        for state in states:
            if state.task.run not in gone:
                continue
            if not gone[state.task.run]:
                await _drop(desk, state.task.run, home.state(state.id), home.members(state.id), state.id)
            elif not state.task.parents and not state.task.chain and not state.task.position:
                call = mends.rebuild_run(home, state.task.run, state.id, state.task, state.created_at or "0")
                if (await desk.all_of([call]))[0]:
                    desk.journal.note(Kind.RUN, home, state.task.run)
                    rebuilt.append(state.task.run)
    return rebuilt


async def sweep_unites(desk: Desk) -> None:
    """Look for unites whose run's record is gone."""
    home = desk.home
    async for ids in ids_of(desk.redis, home.unite("*")):
        found = await survey.read_unites(desk.redis, home, ids)
        unites = [unite for unite in found if isinstance(unite, UniteTrace)]
        gone = await _gone(desk, [unite.plan.run for unite in unites])
        for unite in unites:
            if unite.plan.run in gone and not gone[unite.plan.run]:
                await _drop(desk, unite.plan.run, home.unite(unite.id), home.members(unite.id), unite.id)


async def sweep_members(desk: Desk) -> None:
    """Look for branches of unites that have no record. A pending run's lost unite was made again before; it gathers them anew."""
    home = desk.home
    head, tail = home.members("*").split("*")
    server = await owner(desk.redis, home.members("*"))
    page: list[str] = []
    async for raw in server.scan_iter(match=home.members("*"), count=PAGE):
        page.append(raw.decode().removeprefix(head).removesuffix(tail))
        if len(page) >= PAGE:
            await _drop_members(desk, page)
            page = []
    await _drop_members(desk, page)


async def _drop_members(desk: Desk, unites: Sequence[str]) -> None:
    there = await survey.existing(desk.redis, [desk.home.unite(unite) for unite in unites])
    for unite, exists in zip(unites, there, strict=True):
        if not exists and (await desk.all_of([mends.drop_members(desk.home, unite)]))[0]:
            desk.journal.note(Kind.ORPHAN, desk.home, unite)


async def set_runs_aside(desk: Desk, runs: Sequence[str]) -> None:
    """Put records of runs aside that nobody can read; they are made again from their states."""
    for run in runs:
        found = await survey.read_run(desk.redis, desk.home, run)
        if isinstance(found, Unreadable):
            await desk.put_aside("run", desk.home.run(run), found)


async def _gone(desk: Desk, runs: Sequence[str]) -> dict[str, bool]:
    """The runs that have no record, and whether something else still knows of them: then it was lost, not removed."""
    distinct = list(dict.fromkeys(runs))
    home: ShardKeys = desk.home
    there = await survey.existing(desk.redis, [home.run(run) for run in distinct])
    missing = [run for run, exists in zip(distinct, there, strict=True) if not exists]
    return dict(zip(missing, await survey.are_known(desk.redis, home, missing), strict=True))


async def _drop(desk: Desk, run: str, key: str, members: str, some_id: str) -> None:
    (dropped,) = await desk.all_of([mends.drop_orphan(desk.home, run, key, members)])
    if dropped:
        desk.journal.note(Kind.ORPHAN, desk.home, some_id)
