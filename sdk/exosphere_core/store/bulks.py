"""Bulk retries: what is asked for, how far it has come, and what came of each run. Kept in the namespace's catalog."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from redis.asyncio import Redis

from exosphere_core.keys import CatalogKeys, ShardKeys
from exosphere_core.records import encode
from exosphere_core.store.calls import Call, apply
from exosphere_core.store.connection import ask
from exosphere_core.store.corrupt import reading

#: How many runs one step looks at.
PAGE = 100

#: How many bulk retries of a namespace may be unfinished.
MOST_UNFINISHED = 100


class Wanted(msgspec.Struct, frozen=True):
    """Which runs a bulk retry is about."""

    #: None for any.
    graph: str | None
    status: str
    #: When they were created, unix ms, both included.
    first: int
    last: int


class RunResult(msgspec.Struct, frozen=True):
    """What came of one run."""

    run: str
    #: How many of its states are retried.
    retried: int
    #: Id of a state that stays as it is, or of the run → why; some of them, when there are many.
    refused: dict[str, str] = {}


class BulkRetry(NamedTuple):
    """A bulk retry as it is stored."""

    id: str
    wanted: Wanted
    #: `Place` of the last run that it looked at; empty in the beginning.
    cursor: str
    looked_at: int
    retried: int
    refused: int
    #: unix ms
    created_at: int
    finished_at: int | None


class Place(NamedTuple):
    """A run in the order in which a bulk retry goes through them: shard by shard, by creation."""

    shard: int
    moment: int
    run: str

    @property
    def text(self) -> str:
        """How it is noted."""
        return f"{self.shard}/{self.moment}/{self.run}"

    @classmethod
    def read(cls, text: str, first: int) -> "Place":
        """Read it as it is noted; before the first run of all it is empty."""
        if not text:
            return cls(0, first, "")
        shard, moment, run = text.split("/")
        return cls(int(shard), int(moment), run)


_decode_wanted = msgspec.json.Decoder(Wanted).decode
_decode_result = msgspec.json.Decoder(RunResult).decode


async def begin_bulk(redis: "Redis", namespace: str, bulk: str, wanted: Wanted) -> bool:
    """Note a bulk retry. False when `MOST_UNFINISHED` are to be finished first."""
    keys = CatalogKeys(namespace)
    call = Call("begin_bulk", [keys.bulk(bulk), keys.bulks], [bulk, encode(wanted), MOST_UNFINISHED])
    return bool(await apply(redis, call))


async def read_unfinished(redis: "Redis", namespace: str) -> list[str]:
    """Read the ids of the bulk retries that are not finished."""
    return sorted(raw.decode(errors="replace") for raw in await ask(redis, "SMEMBERS", CatalogKeys(namespace).bulks))


async def read_bulk(redis: "Redis", namespace: str, bulk: str) -> BulkRetry | None:
    """Read a bulk retry, or None when there is none, or it is over for long."""
    key = CatalogKeys(namespace).bulk(bulk)
    with reading(key):
        raw = await ask(redis, "HGETALL", key)
        if not raw:
            return None
        looked_at, retried, refused, created_at = (
            int(raw[name]) for name in (b"looked_at", b"retried", b"refused", b"created_at")
        )
        finished = raw.get(b"finished_at")
        return BulkRetry(
            bulk, _decode_wanted(raw[b"wanted"]), raw[b"cursor"].decode(), looked_at, retried, refused, created_at,
            None if finished is None else int(finished),
        )  # fmt: skip


async def read_results(redis: "Redis", namespace: str, bulk: str, position: int, count: int) -> list[RunResult]:
    """Read a page of what came of the runs, in the order in which they were dealt with."""
    key = CatalogKeys(namespace).bulk_results(bulk)
    with reading(key):
        return [_decode_result(raw) for raw in await ask(redis, "LRANGE", key, position, position + count - 1)]


async def forget_bulk(redis: "Redis", namespace: str, bulk: str) -> None:
    """Take a bulk retry off the unfinished ones whose record is gone."""
    await ask(redis, "SREM", CatalogKeys(namespace).bulks, bulk)


async def note_page(
    redis: "Redis",
    namespace: str,
    bulk: BulkRetry,
    following: str,
    looked_at: int,
    results: Sequence[RunResult],
    keep_ms: int | None,
) -> bool:
    """Note what came of a page. False when another replica did.

    Args:
        following: how far it has come.
        keep_ms: when it is finished, for how long it is kept; else None.
    """
    keys = CatalogKeys(namespace)
    refused = sum(len(result.refused) for result in results)
    retried = sum(result.retried for result in results)
    call = Call(
        "note_bulk",
        [keys.bulk(bulk.id), keys.bulk_results(bulk.id), keys.bulks],
        [
            bulk.id, bulk.cursor, following, looked_at, retried, refused, "" if keep_ms is None else keep_ms,
            *map(encode, results),
        ],
    )  # fmt: skip
    return bool(await apply(redis, call))


async def read_runs_after(redis: "Redis", home: ShardKeys, place: Place, last: int) -> list[Place]:
    """Read the runs of a shard that follow on one by creation: `PAGE` of them, or fewer at the end.

    Args:
        last: up to which time of creation, unix ms.
    """
    # Those of the same ms come again, and are left out by their id.
    same = await ask(redis, "ZCOUNT", home.runs, place.moment, place.moment) if place.run else 0
    reply = await redis.zrangebyscore(home.runs, place.moment, last, 0, PAGE + int(same), withscores=True)
    found = [Place(home.shard, int(score), run.decode(errors="replace")) for run, score in reply]
    return [each for each in found if (each.moment, each.run) > (place.moment, place.run)][:PAGE]


async def count_marked(redis: "Redis", home: ShardKeys, run: str, fanout_id: str) -> int:
    """Count the states of a run that were retried under an id."""
    cursor, count = 0, 0
    while True:
        cursor, page = await redis.sscan(home.retries(run), cursor, match=f"*/{fanout_id}", count=PAGE * 10)
        count += len(page)
        if not cursor:
            return count
