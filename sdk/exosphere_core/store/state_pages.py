"""Looking through the states of a run, a bounded part of them at a time."""

from collections.abc import Set
from functools import partial
from typing import NamedTuple

from redis.asyncio import Redis

from exosphere_core.keys import ShardKeys
from exosphere_core.states import PENDING, Status
from exosphere_core.store.burst import burst
from exosphere_core.store.corrupt import read_reply
from exosphere_core.store.decoding import RunRecord, StateRecord, state_of
from exosphere_core.store.reads import PAGE, brief, brief_of, entry_with_runtimes, read_page, read_running

#: How many states one call looks at, at the most: some 50 ms.
_MOST_LOOKED_AT = 5_000


class StatePage(NamedTuple):
    """Some of the states that were looked for."""

    #: Without inputs and outputs.
    states: list[StateRecord]
    #: Where to go on in the run's list of states; None at its end.
    position: int | None


async def find_states(
    redis: "Redis",
    home: ShardKeys,
    run: RunRecord,
    position: int,
    limit: int,
    wanted: Set[Status],
    identifier: str | None = None,
) -> StatePage:
    """Find states of a run in order of creation. What can't be read is left out.

    Args:
        position: where in the run's list of states to begin.
        limit: how many states to give at the most. There may be fewer, or none, although more follow.
        wanted: their statuses.
        identifier: their node; None for any.
    """
    if not _may_have(run, wanted, identifier):
        return StatePage([], None)
    # Which of those that read CREATED are taken is told afterwards, of all of them at once.
    stored = {Status.CREATED if status is Status.QUEUED else status for status in wanted}
    found: list[StateRecord] = []
    entries: dict[str, str] = {}
    start, following = position, position
    page = PAGE if identifier is not None or wanted != set(Status) else min(PAGE, limit)
    while following < start + _MOST_LOOKED_AT and len(found) < limit:
        ids = await read_page(redis, home.states(run.id), following, page)
        replies = await burst(redis, [brief(home, state) for state in ids])
        for state, reply in zip(ids, replies, strict=True):
            following += 1
            raw = brief_of(reply)
            if isinstance(raw, Exception) or raw.get(b"status", b"").decode(errors="replace") not in stored:
                continue
            record = read_reply(home.state(state), raw, partial(state_of, state), state, {})
            if record is None or (identifier is not None and record.task.identifier != identifier):
                continue
            found.append(record)
            if entry := entry_with_runtimes(home, record, raw.get(b"entry")):
                entries[state] = entry
            if len(found) == limit:
                break
        else:
            if len(ids) < page:
                return StatePage(await _derived(redis, home, found, entries, wanted), None)
    return StatePage(await _derived(redis, home, found, entries, wanted), following)


async def _derived(
    redis: "Redis", home: ShardKeys, found: list[StateRecord], entries: dict[str, str], wanted: Set[Status]
) -> list[StateRecord]:
    running = await read_running(redis, home, found, entries)
    told = (record._replace(status=Status.QUEUED) if record.id in running else record for record in found)
    return [record for record in told if record.status in wanted]


def _may_have(run: RunRecord, wanted: Set[Status], identifier: str | None) -> bool:
    """Tell from the counters of a run whether it has such states."""
    for name, made in run.made.items():
        if identifier in (None, name):
            ended = {status: run.ended.get((name, status), 0) for status in Status}
            if any(ended[status] for status in wanted) or (wanted & PENDING and made > sum(ended.values())):
                return True
    return False
