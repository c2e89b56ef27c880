"""Tells what is lost from what is on its way: by the reports that were there when it was missed, not by a clock."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic

from exosphere_core.keys import STATE_MANAGERS_GROUP, ShardKeys, shard_keys
from exosphere_core.store import mends, moves, streams
from exosphere_core.store.upkeep import note_anew
from exosphere_orchestrator.reconcile import abroad, groups, queues
from exosphere_orchestrator.reconcile.desk import Desk, Suspects
from exosphere_orchestrator.reconcile.mend import Kind

#: How long between two looks whether the reports were applied, in s.
_LOOK_S = 0.05


@dataclass(slots=True)
class Marks:
    """The newest reports when something was missed. What was missed is in a report up to here, or lost.

    Attributes:
        abroad: of other namespaces' report streams, which are forwarded first.
        home: of the run's own shard; taken when those were forwarded.
    """

    abroad: dict[str, str] = field(default_factory=dict)
    home: dict[str, str] | None = None


async def mark(desk: Desk, suspects: Suspects) -> Marks:
    """Note which reports are to be waited for."""
    reports = [target.reports for target in _targets(desk, suspects)]
    await groups.ensure(desk, reports, STATE_MANAGERS_GROUP)
    return Marks({key: await streams.last_entry(desk.redis, key) for key in reports})


async def applied(desk: Desk, marks: Marks, wait_s: float) -> bool:
    """Wait until all these reports were applied. False when they are not in time; it may be asked again."""
    until = monotonic() + wait_s
    await groups.ensure(desk, list(marks.abroad), STATE_MANAGERS_GROUP)
    if not await _passed(desk, marks.abroad, until):
        return False
    if marks.home is None:
        keys = (desk.home.reports, desk.home.inbox)
        marks.home = {key: await streams.last_entry(desk.redis, key) for key in keys}
    return await _passed(desk, marks.home, until)


async def _passed(desk: Desk, upto: Mapping[str, str], until: float) -> bool:
    for key, entry in upto.items():
        while not await streams.is_applied(desk.redis, key, STATE_MANAGERS_GROUP, entry):
            if monotonic() >= until:
                return False
            await asyncio.sleep(_LOOK_S)
    return True


def _targets(desk: Desk, suspects: Suspects) -> set[ShardKeys]:
    """The other namespaces that execute what is missed."""
    return {shard_keys(state.task.namespace, desk.home.shard) for state in suspects.states} - {desk.home}


async def convict(desk: Desk, suspects: Suspects) -> None:
    """Bring on what is still missed now that every report was applied that could have known of it."""
    home = desk.home
    still = Suspects()
    await queues.locate(desk, suspects.states, still)
    await abroad.lead_outbox(desk, _targets(desk, still))
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
