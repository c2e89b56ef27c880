"""States that other namespaces execute: their entries are in another slot than their records, so no script sees both.

A state is looked up before its entry is: what is not there then was reported, called back, or lost. The other way about, an
entry is read before the record that it is of: no attempt becomes current again.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from exosphere_core.handoff import entry_away
from exosphere_core.keys import RUNTIMES_GROUP, ShardKeys, shard_keys
from exosphere_core.states import Status
from exosphere_core.store import handoff, mends
from exosphere_core.store.survey import StateTrace
from exosphere_orchestrator.reconcile import groups
from exosphere_orchestrator.reconcile.desk import Desk
from exosphere_orchestrator.reconcile.mend import Kind


class Guest(NamedTuple):
    """An entry of a ready stream whose run is of another namespace."""

    entry: str
    #: Namespace of the run.
    home: str
    state: str
    attempt: str


async def gone(desk: Desk, states: Sequence[StateTrace]) -> list[StateTrace]:
    """The states whose entries in other namespaces' queues no runtime will take or has."""
    by_target: dict[ShardKeys, list[tuple[StateTrace, str, str]]] = {}
    for state in states:
        if entry := entry_away(state.entry):
            target = shard_keys(state.task.namespace, desk.home.shard)
            by_target.setdefault(target, []).append((state, target.ready(state.task.node), entry))
    missing: list[StateTrace] = []
    for asked in by_target.values():
        await groups.ensure(desk, [ready for _, ready, _ in asked], RUNTIMES_GROUP)
        (replies,) = await desk.all_of([mends.tell_held([(ready, entry) for _, ready, entry in asked])])
        missing += [state for (state, _, _), held in zip(asked, replies, strict=True) if not held]
    return missing


async def stale(desk: Desk, guests: Sequence[Guest]) -> list[str]:
    """The entries that are of no current delivery of their states."""
    asked = [(shard_keys(guest.home, desk.home.shard), guest.state) for guest in guests]
    found = await handoff.read_deliveries(desk.redis, asked)
    return [
        guest.entry
        for guest, (status, attempt, entry) in zip(guests, found, strict=True)
        # One that its own shard does not know of yet is being handed over.
        if status != Status.CREATED or attempt != guest.attempt or entry_away(entry) not in (None, guest.entry)
    ]


async def lead_outbox(desk: Desk, targets: Collection[ShardKeys]) -> None:
    """Let what is put on the outbox from now on be new to these: they know up to which entry it came to them."""
    behind = await handoff.read_carried(desk.redis, desk.home, list(targets))
    for led in await desk.all_of([mends.lead_outbox(desk.home, entry) for entry in behind]):
        if led:
            desk.journal.note(Kind.OUTBOX, desk.home, desk.home.outbox)
