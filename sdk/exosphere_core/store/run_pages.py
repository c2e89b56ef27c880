"""Pages of the runs of a namespace, newest first, over all its shards."""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

from exosphere_core.keys import ShardKeys
from exosphere_core.store.burst import burst
from exosphere_core.store.corrupt import reading
from exosphere_core.store.reads import RunRecord, read_runs

#: So many runs are read from each shard and sorted, rather than gone past by their places.
_NEAR = 256


async def read_newest_runs(
    redis: "Redis", homes: Sequence[ShardKeys], skip: int, count: int
) -> tuple[int, list[RunRecord]]:
    """Read a page of a namespace's runs, newest first, and how many there are.

    Runs that can't be read are counted, and left out of the page.
    """
    total = sum(_whole(homes, await burst(redis, [("ZCARD", home.runs) for home in homes])))
    if skip >= total:
        return total, []
    starts = await _starts(redis, homes, skip)
    left = skip - sum(starts)
    last = [start + left + count - 1 for start in starts]
    pages = await burst(
        redis,
        [
            ("ZREVRANGE", home.runs, start, end, "WITHSCORES")
            for home, start, end in zip(homes, starts, last, strict=True)
        ],
    )
    # In the order that Redis gives runs of the same moment, so that no page tells of one that another page told of.
    newest = sorted(
        (
            (float(score), run.decode(), home)
            for home, page in zip(homes, _whole(homes, pages), strict=True)
            for run, score in zip(page[::2], page[1::2], strict=True)
        ),
        key=lambda item: item[:2],
        reverse=True,
    )[left : left + count]
    found: dict[str, RunRecord] = {}
    for home in homes:
        for record in await read_runs(redis, home, [run for _, run, where in newest if where == home], {}):
            found[record.id] = record
    return total, [found[run] for _, run, _ in newest if run in found]


async def _starts(redis: "Redis", homes: Sequence[ShardKeys], skip: int) -> list[int]:
    """Tell how many of each shard's newest runs are surely among the `skip` newest of all: all but `_NEAR` of these.

    Where each shard is gone past `left / shards` runs, the newest of those that one arrives at has at most `left` before it.
    """
    if len(homes) == 1:
        return [skip]
    starts = [0] * len(homes)
    while (left := skip - sum(starts)) > _NEAR:
        step = left // len(homes)
        places = [start + step - 1 for start in starts]
        found = _whole(
            homes,
            await burst(
                redis,
                [
                    ("ZREVRANGE", home.runs, place, place, "WITHSCORES")
                    for home, place in zip(homes, places, strict=True)
                ],
            ),
        )
        arrived = [(float(page[1]), page[0], which) for which, page in enumerate(found) if page]
        if not arrived:
            # Runs were removed meanwhile: fewer are left than are to be gone past.
            break
        starts[max(arrived)[2]] += step
    return starts


def _whole(homes: Sequence[ShardKeys], replies: Sequence[Any]) -> list[Any]:
    """Return replies about the list of runs of each shard. Raises CorruptRecord for one of another type."""
    for home, reply in zip(homes, replies, strict=True):
        with reading(home.runs):
            if isinstance(reply, Exception):
                raise reply
    return list(replies)
