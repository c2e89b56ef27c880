"""Cancels the states of a run that was marked as cancelled, a page at a time."""

from collections.abc import Sequence

from exosphere_core.keys import STATE_MANAGERS_GROUP, ShardKeys
from exosphere_core.records import Task
from exosphere_core.states import RunStatus
from exosphere_core.store import moves, reads
from exosphere_core.store.calls import apply
from exosphere_core.store.corrupt import Unreadable, hashes_of
from exosphere_core.store.faults import FAULTS
from exosphere_core.store.handoff import read_away
from exosphere_core.store.streams import acknowledge
from exosphere_core.store.taking_off import take_off
from exosphere_orchestrator.engine.context import EngineContext, logger
from exosphere_orchestrator.engine.reports import Report

#: How many states and unites one script cancels: it stays within a few ms.
_PAGE = 50


async def cancel_states(context: EngineContext, report: Report, shard: int) -> None:
    """Cancel what is pending of a run. Any part may be done twice, by whomever, and changes nothing then.

    What is applied meanwhile adds states and unites to the ends of the run's lists, so those are followed to their
    ends; the script that cancels the last one ends the run, and after it nothing is made any more. Whoever did that may
    have died before all was taken off other namespaces' queues, so a run that has ended is gone over for these again.
    """
    home, run = ShardKeys(report.home, shard), report.state
    for record in await reads.read_runs(context.redis, home, [run]):
        states_seen = unites_seen = 0
        left: Exception | None = None
        status = record.status.value
        again = status == RunStatus.CANCELLED
        while again or status == RunStatus.PENDING:
            ids = await reads.read_page(context.redis, home.states(run), states_seen, _PAGE)
            unites = await reads.read_page(context.redis, home.unites(run), unites_seen, _PAGE)
            if not ids and not unites:
                break
            unreadable: Unreadable = {}
            tasks = await context.tasks.get_many([(home, state) for state in ids], unreadable)
            states = [(state, task) for state, task in zip(ids, tasks, strict=True) if task is not None]
            for state in await hashes_of(context.redis, {state: home.state(state) for state in unreadable}):
                # What it runs is not known, but that it ends: its run could not end otherwise.
                unknown = Task(run, report.home, record.graph, record.version, "unreadable", "unreadable", report.home)
                states.append((state, unknown))
            if not again:
                status = (await apply(context.scripts, moves.cancel(home, run, record.graph, states, unites))).decode()
            left = await _take_away(context, home, states) or left
            states_seen += len(ids)
            unites_seen += len(unites)
        if status == RunStatus.PENDING:
            logger.error(
                "run %s was cancelled, and its count of what is open says that it has not ended", run,
                extra={"run_id": run, "namespace": home.namespace},
            )  # fmt: skip
        if left is not None:
            # The run is cancelled; this is tried again, with what is still elsewhere.
            raise left
    await acknowledge(context.redis, home.reports, STATE_MANAGERS_GROUP, [report.entry.id])


async def _take_away(context: EngineContext, home: ShardKeys, states: Sequence[tuple[str, Task]]) -> Exception | None:
    """Take what was cancelled off other namespaces' queues. Returns why some of it stays there, or None."""
    left: Exception | None = None
    for stream, entries in (await read_away(context.redis, home, states)).items():
        try:
            await take_off(context.redis, stream, entries)
        except FAULTS as fault:
            logger.warning("%d cancelled states stay on %s: %s", len(entries), stream, fault)
            left = fault
    return left
