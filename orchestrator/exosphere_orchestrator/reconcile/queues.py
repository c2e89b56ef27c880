"""What queues say, held against records: states in no queue, entries of no state, groups that are gone."""

from collections.abc import Sequence

import msgspec

from exosphere_core.records import decode_task
from exosphere_core.store import mends, streams
from exosphere_core.store.groups import ensure_groups
from exosphere_core.store.survey import StateTrace
from exosphere_orchestrator.reconcile.desk import MOST_SUSPECTS, Desk, Suspects
from exosphere_orchestrator.reconcile.mend import Kind

#: How many states one script locates: it stays within a few ms.
_LOCATED = 25

#: How many entries of a ready stream, with all they carry, are read at once.
_ENTRIES = 50


async def ensure(desk: Desk, stream_keys: Sequence[str], group: str) -> None:
    """Make groups that are gone. Each stream is looked at once a sweep; the states before a ready stream's group are lost."""
    asked = [key for key in dict.fromkeys(stream_keys) if key not in desk.queues]
    desk.queues.update(asked)
    # A stream that nothing was ever put on is about to be made by whoever registers its node: nothing is mended there.
    for key in await ensure_groups(desk.redis, asked, group):
        desk.journal.note(Kind.GROUP, desk.home, key)


async def locate(desk: Desk, states: Sequence[StateTrace], suspects: Suspects) -> None:
    """Look whether each state that has not ended is where it should be."""
    # A state that is queued in another namespace is on its way through another slot.
    here = [state for state in states if state.task.namespace == desk.home.namespace]
    pages = [here[start : start + _LOCATED] for start in range(0, len(here), _LOCATED)]
    for page in pages:
        (places,) = await desk.all_of([mends.locate(desk.home, page)])
        for state, place in zip(page, places, strict=True):
            if place == b"lost" and len(suspects.states) < MOST_SUSPECTS:
                suspects.states.append(state)
            elif place == b"undue":
                await _redue(desk, [state.id])


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
    for key in sorted(desk.queues - {desk.home.reports}):
        after = "-"
        while entries := await streams.read_range(desk.redis, key, after, _ENTRIES):
            after = f"({entries[-1].id}"
            stale = []
            for entry in entries:
                try:
                    home = decode_task(entry.fields[b"task"]).home
                    state, attempt = entry.fields[b"state"].decode(), entry.fields[b"attempt"].decode()
                except (KeyError, ValueError, msgspec.DecodeError):
                    desk.journal.left[f"an entry of {key} is no delivery"] += 1
                    continue
                if home == desk.home.namespace:
                    stale.append((mends.drop_entry(desk.home, key, entry.id, state, attempt), entry.id))
            for (_, entry_id), dropped in zip(stale, await desk.all_of([call for call, _ in stale]), strict=True):
                if dropped:
                    desk.journal.note(Kind.ENTRY, desk.home, entry_id)


async def _redue(desk: Desk, states: Sequence[str]) -> None:
    replies = await desk.all_of([mends.redue(desk.home, state) for state in states])
    for state, changed in zip(states, replies, strict=True):
        if changed:
            desk.journal.note(Kind.DUE, desk.home, state)
