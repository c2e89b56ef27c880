"""What queues say, held against records: states in no queue, entries of no state."""

from collections.abc import Sequence

import msgspec

from exosphere_core.records import decode_task
from exosphere_core.store import mends, streams
from exosphere_core.store.handoff import read_outbox_entry
from exosphere_core.store.streams import Entry
from exosphere_core.store.survey import StateTrace
from exosphere_core.store.taking_off import take_off
from exosphere_orchestrator.reconcile import abroad
from exosphere_orchestrator.reconcile.desk import MOST_SUSPECTS, Desk, Suspects
from exosphere_orchestrator.reconcile.mend import Kind

#: How many states one script locates: it stays within a few ms.
_LOCATED = 25

#: How many entries of a ready stream, with all they carry, are read at once.
_ENTRIES = 50


async def locate(desk: Desk, states: Sequence[StateTrace], suspects: Suspects) -> None:
    """Look whether each state that has not ended is where it should be."""
    for start in range(0, len(states), _LOCATED):
        page = states[start : start + _LOCATED]
        (places,) = await desk.all_of([mends.locate(desk.home, page)])
        lost: list[StateTrace] = []
        away: list[StateTrace] = []
        for state, place in zip(page, places, strict=True):
            if place == b"lost":
                lost.append(state)
            elif place == b"undue":
                await _redue(desk, [state.id])
            elif place:
                away.append(state._replace(entry=place.decode()))
        lost += await abroad.gone(desk, away)
        suspects.states += lost[: MOST_SUSPECTS - len(suspects.states)]


async def sweep_due(desk: Desk) -> None:
    """Take states off the set of due times that wait for no time, and put wrong times right."""
    page: list[str] = []
    async for raw, _ in desk.redis.zscan_iter(desk.home.due, count=500):
        page.append(raw.decode())
        if len(page) >= 500:
            await _redue(desk, page)
            page = []
    await _redue(desk, page)


async def sweep_ready(desk: Desk) -> None:
    """Take entries off the ready streams that are of no current delivery."""
    for key in sorted(desk.queues):
        if not key.startswith(desk.home.ready("")):
            continue
        after = "-"
        while entries := await streams.read_range(desk.redis, key, after, _ENTRIES):
            after = f"({entries[-1].id}"
            await _sweep_page(desk, key, entries)


async def sweep_outbox(desk: Desk) -> None:
    """Take entries off the outbox that are of no current delivery. What is no state is put aside by a courier."""
    after = "-"
    while page := await streams.read_range(desk.redis, desk.home.outbox, after, _ENTRIES):
        after = f"({page[-1].id}"
        entries = [entry for raw in page if (entry := read_outbox_entry(raw)) is not None]
        await _drop(desk, desk.home.outbox, [(entry.id, entry.state, entry.attempt) for entry in entries])


async def _sweep_page(desk: Desk, key: str, entries: Sequence[Entry]) -> None:
    own: list[tuple[str, str, str]] = []
    others: list[abroad.Guest] = []
    for entry in entries:
        try:
            home = decode_task(entry.fields[b"task"]).home
            state, attempt = entry.fields[b"state"].decode(), entry.fields[b"attempt"].decode()
        except (KeyError, ValueError, msgspec.DecodeError):
            desk.journal.left[f"an entry of {key} is no delivery"] += 1
            continue
        if home == desk.home.namespace:
            own.append((entry.id, state, attempt))
        else:
            others.append(abroad.Guest(entry.id, home, state, attempt))
    await _drop(desk, key, own)
    stale = await abroad.stale(desk, others)
    await take_off(desk.redis, key, stale)
    for entry_id in stale:
        desk.journal.note(Kind.ENTRY, desk.home, entry_id)


async def _drop(desk: Desk, key: str, entries: Sequence[tuple[str, str, str]]) -> None:
    """Drop those entries of runs of this shard that are of no current delivery: triples of entry, state and attempt."""
    calls = [mends.drop_entry(desk.home, key, *entry) for entry in entries]
    for (entry_id, _, _), dropped in zip(entries, await desk.all_of(calls), strict=True):
        if dropped:
            desk.journal.note(Kind.ENTRY, desk.home, entry_id)


async def _redue(desk: Desk, states: Sequence[str]) -> None:
    replies = await desk.all_of([mends.redue(desk.home, state) for state in states])
    for state, changed in zip(states, replies, strict=True):
        if changed:
            desk.journal.note(Kind.DUE, desk.home, state)
