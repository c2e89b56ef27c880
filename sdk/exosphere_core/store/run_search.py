"""Finding runs of a namespace, newest first over all its shards, a bounded part of them at a time."""

from collections.abc import Sequence, Set
from typing import Any, NamedTuple

from redis.asyncio import Redis

from exosphere_core.ids import shard_of
from exosphere_core.keys import ShardKeys
from exosphere_core.records import RunField
from exosphere_core.states import RunStatus
from exosphere_core.store.burst import Command, burst
from exosphere_core.store.corrupt import reading
from exosphere_core.store.reads import PAGE, RunRecord, read_runs

#: How many runs one call looks at, at the most.
_MOST_LOOKED_AT = 5_000

#: How many runs are read from each shard at least.
_LEAST = 16


class Wanted(NamedTuple):
    """Which runs are looked for."""

    #: None for any.
    graph: str | None
    statuses: Set[RunStatus]
    #: When they were created, unix ms, both included; `last` is None for any time.
    first: int
    last: int | None

    @property
    def is_any(self) -> bool:
        """Whether graph and status of a run do not matter."""
        return self.graph is None and self.statuses >= set(RunStatus)

    def takes(self, graph: str, status: str) -> bool:
        """Whether a run of this graph and status is meant, its time aside."""
        return self.graph in (None, graph) and status in self.statuses


class Place(NamedTuple):
    """A run in the order of the list: by creation and id, as Redis orders runs of the same ms."""

    #: unix ms
    moment: int
    run: str


class RunSearch(NamedTuple):
    """What one call found."""

    runs: list[RunRecord]
    #: The last run that was looked at; None when there was none.
    reached: Place | None
    looked_at: int
    #: Whether no run follows.
    whole: bool


class _Newest(NamedTuple):
    """The newest runs before a place, with the shard of each."""

    runs: list[tuple[Place, ShardKeys]]
    #: Whether there are no others.
    whole: bool


async def find_runs(
    redis: "Redis", homes: Sequence[ShardKeys], wanted: Wanted, after: Place | None, limit: int
) -> RunSearch:
    """Find runs, newest first. What can't be read is looked at and left out.

    Args:
        after: the last run that was looked at before; only older ones follow, whichever were made or removed meanwhile.
        limit: how many runs to give at the most. There may be fewer, or none, although more follow.
    """
    found: list[RunRecord] = []
    reached, looked_at = after, 0
    while looked_at < _MOST_LOOKED_AT:
        count = min(PAGE, _MOST_LOOKED_AT - looked_at)
        newest = await _newest(
            redis, homes, wanted, reached, min(count, limit - len(found)) if wanted.is_any else count
        )
        meant = newest.runs if wanted.is_any else await _meant(redis, newest.runs, wanted)
        enough = meant[: limit - len(found)]
        if len(found) + len(enough) == limit:
            # Those behind the last one that there is room for were not looked at.
            page = newest.runs[: newest.runs.index(enough[-1]) + 1]
        else:
            page = newest.runs
        found += await _read(redis, enough, wanted)
        looked_at += len(page)
        reached = page[-1][0] if page else reached
        whole = newest.whole and len(page) == len(newest.runs)
        if whole or len(found) == limit:
            return RunSearch(found, reached if looked_at else None, looked_at, whole)
    return RunSearch(found, reached, looked_at, whole=False)


async def _newest(
    redis: "Redis", homes: Sequence[ShardKeys], wanted: Wanted, after: Place | None, count: int
) -> _Newest:
    """Read the newest runs before a place: `count` of them, or fewer, of which there is one unless none is left."""
    highest = [moment for moment in (wanted.last, after.moment if after else None) if moment is not None]
    top: int | str = min(highest) if highest else "+inf"
    # The shards have about equally many: of each a part is read, with some more than its share.
    each = count if len(homes) == 1 else min(count, 2 * count // len(homes) + _LEAST)
    while True:
        commands: list[Command] = [
            ("ZREVRANGEBYSCORE", home.runs, top, wanted.first, "WITHSCORES", "LIMIT", 0, each) for home in homes
        ]
        placed: list[tuple[Place, ShardKeys]] = []
        #: How far all shards have been read: what is older may have newer ones before it.
        horizon: Place | None = None
        for home, reply in zip(homes, await burst(redis, commands), strict=True):
            page = _places(home, reply)
            if len(page) == each and (horizon is None or page[-1] > horizon):
                horizon = page[-1]
            # What is no id names no run, and could not be named by a cursor.
            placed += [
                (place, home) for place in page if (after is None or place < after) and shard_of(place.run) is not None
            ]
        placed.sort(key=lambda item: item[0], reverse=True)
        sure = placed if horizon is None else [item for item in placed if item[0] >= horizon]
        if sure or horizon is None:
            return _Newest(sure[:count], horizon is None and len(sure) <= count)
        # All that was read of some shard are runs of the moment of `after` that were looked at before.
        each *= 4


def _places(home: ShardKeys, reply: Any) -> list[Place]:
    """Raises CorruptRecord for a list of runs that is of another type."""
    with reading(home.runs):
        if isinstance(reply, Exception):
            raise reply
        pairs = zip(reply[::2], reply[1::2], strict=True)
        return [Place(int(float(score)), run.decode(errors="replace")) for run, score in pairs]


async def _meant(
    redis: "Redis", runs: Sequence[tuple[Place, ShardKeys]], wanted: Wanted
) -> list[tuple[Place, ShardKeys]]:
    """Tell which runs have the graph and status that are wanted, reading no more of them."""
    commands = [("HMGET", home.run(place.run), RunField.GRAPH, RunField.STATUS) for place, home in runs]
    meant = []
    for item, reply in zip(runs, await burst(redis, commands), strict=True):
        if not isinstance(reply, Exception) and None not in reply:
            graph, status = (raw.decode(errors="replace") for raw in reply)
            if wanted.takes(graph, status):
                meant.append(item)
    return meant


async def _read(redis: "Redis", runs: Sequence[tuple[Place, ShardKeys]], wanted: Wanted) -> list[RunRecord]:
    """Read runs, in their order. One that is no longer meant is left out."""
    by_home: dict[ShardKeys, list[str]] = {}
    for place, home in runs:
        by_home.setdefault(home, []).append(place.run)
    records = {record.id: record for home, ids in by_home.items() for record in await read_runs(redis, home, ids, {})}
    ordered = (records[place.run] for place, _ in runs if place.run in records)
    return [record for record in ordered if wanted.takes(record.graph, record.status)]
