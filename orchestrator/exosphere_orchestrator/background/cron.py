"""Fires schedules: at most once per due time, over any number of replicas."""

import logging
from collections.abc import Awaitable
from zlib import crc32

from exosphere_core.errors import ExosphereError, NotFound, Overloaded
from exosphere_core.ids import run_id_for, shard_of_ours
from exosphere_core.keys import ShardKeys
from exosphere_core.store import catalog, reads, schedules
from exosphere_core.store.faults import LOST
from exosphere_core.store.schedules import Claim, Due, Firing, OpenClaim, Planned
from exosphere_orchestrator.background.context import Jobs
from exosphere_orchestrator.catalog import graphs
from exosphere_orchestrator.schedules import judge, next_due

logger = logging.getLogger("exosphere.cron")

#: The most schedules of one namespace that are read at once.
_BATCH = 1000

#: A claim that is open for longer belongs to a replica that died, in ms.
CLAIM_LEASE_MS = 60_000


async def fire_due_schedules(jobs: Jobs) -> int:
    """Trigger the graphs whose time has come. Returns how many schedules were dealt with.

    Which of the missed times fire is the schedule's catch-up policy. A schedule that can't be dealt with, for
    whatever reason, holds none of the others up.

    Raises:
        exosphere_core.store.faults.LOST: Redis can't be reached; the next sweep goes on.
    """
    now = await jobs.clock(jobs.redis)
    dealt_with = 0
    for namespace in await catalog.read_namespaces(jobs.redis):
        for claimed in await schedules.read_claims(jobs.redis, namespace, now - CLAIM_LEASE_MS, _BATCH):
            claim = claimed.claim
            dealt_with += await _guarded(_carry_out(jobs, namespace, claimed, now), namespace, claim.graph, claim.index)
        while True:
            page = await schedules.read_due(jobs.redis, namespace, now, _BATCH)
            moved = 0
            for due in page:
                moved += await _guarded(_fire(jobs, namespace, due, now), namespace, due.graph, due.index)
            dealt_with += moved
            if len(page) < _BATCH or not moved:
                break
    return dealt_with


async def _guarded(work: Awaitable[bool], namespace: str, graph: str, index: int) -> bool:
    try:
        return await work
    except LOST:
        raise
    except ExosphereError as wrong:
        logger.error("schedule %d of graph %s in %s can't be dealt with: %s", index, graph, namespace, wrong.detail)
        return False
    except Exception:
        logger.exception(
            "schedule %d of graph %s in %s can't be dealt with; it is tried again", index, graph, namespace
        )
        return False


async def _fire(jobs: Jobs, namespace: str, due: Due, now: int) -> bool:
    """Deal with a schedule whose time has come. False when another replica does, or it was changed just now."""
    try:
        graph = await graphs.get(jobs.redis, namespace, due.graph)
        cron = graph.template.triggers[due.index].value
    except (NotFound, IndexError):
        logger.warning("schedule %d of graph %s in %s is dropped: its trigger is gone", due.index, due.graph, namespace)
        return await schedules.claim_schedule(jobs.redis, namespace, due, None, None)
    version = graph.head.version
    if graph.head.paused_at is not None:
        # Left out on purpose, like what is due while the schedule itself is paused.
        return await schedules.claim_schedule(jobs.redis, namespace, due, version, next_due(cron, now))
    handled = await schedules.read_handled(jobs.redis, namespace, due.graph, due.index)
    # A trigger that was changed in the moment in which the one before it fired can name the same time.
    first = due.due_at if due.due_at > handled else next_due(cron, handled)
    if first is None or first > now:
        return await schedules.claim_schedule(jobs.redis, namespace, due, version, first)
    verdict = judge(cron, first, now, jobs.settings.max_catchup)
    shard = crc32(schedules.member_of(due.graph, due.index).encode()) % jobs.settings.shards
    skipped = verdict.skipped and Firing(
        index=due.index,
        fired_at=now,
        due_at=verdict.skipped.last,
        since=verdict.skipped.first if verdict.skipped.first < verdict.skipped.last else None,
        skipped=verdict.skipped.reason,
    )
    claim = Claim(
        graph=due.graph,
        index=due.index,
        runs=tuple(Planned(at, _run_id(shard, namespace, due, at)) for at in verdict.fires),
        skipped=skipped,
    )
    claimed = schedules.seal(claim)
    following = next_due(cron, now)
    return await schedules.claim_schedule(
        jobs.redis, namespace, due, version, following, claimed, verdict.newest, now
    ) and await _carry_out(jobs, namespace, claimed, now, first_time=True)


def _run_id(shard: int, namespace: str, due: Due, due_at: int) -> str:
    """The id of a due time's run: whoever makes it, and however often, it is one."""
    return run_id_for(shard, "cron", namespace, schedules.member_of(due.graph, due.index), str(due_at))


async def _carry_out(jobs: Jobs, namespace: str, claimed: OpenClaim, now: int, *, first_time: bool = False) -> bool:
    """Make the runs of a claim and record what came of them. False when another replica had recorded it.

    While runs are refused because there is too much to do, the claim stays open and is tried again like that of a
    replica that died; this is recorded once.
    """
    claim = claimed.claim
    firings = [claim.skipped] if claim.skipped else []
    for planned in claim.runs:
        try:
            error = await _trigger(jobs, namespace, claim.graph, planned)
        except Overloaded as later:
            logger.warning(
                "schedule %d of graph %s in %s is tried again later: %s", claim.index, claim.graph, namespace, later
            )
            if first_time:
                reason = f"not yet, it is tried again: {later.detail}"
                refused = Firing(index=claim.index, fired_at=now, due_at=planned.due_at, error=reason)
                await schedules.record_by_side(jobs.redis, namespace, claim.graph, refused)
            return first_time
        if error:
            logger.warning(
                "schedule %d of graph %s in %s could not fire: %s", claim.index, claim.graph, namespace, error
            )
        run_id = None if error else planned.run_id
        firings.append(Firing(index=claim.index, fired_at=now, due_at=planned.due_at, run_id=run_id, error=error))
    return await schedules.record_firings(jobs.redis, namespace, claimed, firings)


async def _trigger(jobs: Jobs, namespace: str, graph: str, planned: Planned) -> str | None:
    """Make a run. Returns why that can't be, or None. Raises Overloaded when it can't be now."""
    try:
        await jobs.runs.trigger(namespace, graph, {}, {}, 0, planned.run_id)
        return None
    except LOST:
        raise
    except Overloaded:
        raise
    except ExosphereError as refused:
        error = refused.detail
    except Exception as fault:
        logger.exception("graph %s in %s could not be triggered", graph, namespace)
        error = f"the trigger failed: {type(fault).__name__}: {fault}"
    # A replica that died over this claim may have made the run before the graph became what it is now.
    home = ShardKeys(namespace, shard_of_ours(planned.run_id))
    return None if await reads.read_runs(jobs.redis, home, [planned.run_id]) else error
