"""Tells what is lost from what is on its way: by the reports that were there when it was missed, not by a clock."""

import asyncio
from time import monotonic

from exosphere_core.keys import STATE_MANAGERS_GROUP
from exosphere_core.store import mends, moves, streams
from exosphere_core.store.upkeep import note_anew
from exosphere_orchestrator.reconcile import queues
from exosphere_orchestrator.reconcile.desk import Desk, Suspects
from exosphere_orchestrator.reconcile.mend import Kind

#: How long between two looks whether the reports were applied, in s.
_LOOK_S = 0.05


async def mark(desk: Desk) -> str:
    """The newest entry of the report stream. Whatever was missed before is in a report up to here, or lost."""
    return await streams.last_entry(desk.redis, desk.home.reports)


async def applied(desk: Desk, upto: str, wait_s: float) -> bool:
    """Wait until every report up to an entry was applied. False when they are not in time."""
    until = monotonic() + wait_s
    while not await streams.is_applied(desk.redis, desk.home.reports, STATE_MANAGERS_GROUP, upto):
        if monotonic() >= until:
            return False
        await asyncio.sleep(_LOOK_S)
    return True


async def convict(desk: Desk, suspects: Suspects) -> None:
    """Bring on what is still missed now that every report was applied that could have known of it."""
    home = desk.home
    still = Suspects()
    await queues.locate(desk, suspects.states, still)
    for state in still.states:
        if state.task.replays:
            # Its outputs were to be taken over; now it is executed, and the unites that wait for it fire anew.
            await note_anew(desk.redis, home, list(state.task.unites.values()))
        (attempt,) = await desk.all_of([mends.restore(home, state)])
        if attempt:
            desk.journal.note(Kind.RESTORED, home, state.id)
    for unite in suspects.unites:
        (told,) = await desk.all_of([mends.settle_again(home, unite)])
        if told:
            desk.journal.note(Kind.SETTLED, home, unite)
    for run in suspects.runs:
        ((answer, _),) = await desk.all_of([moves.cancel_run(home, run)])
        if answer == b"cancelling":
            desk.journal.note(Kind.CANCELLED, home, run)
