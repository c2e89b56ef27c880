"""What must be left in Redis: nothing on the way after a round, and after retention only what outlives runs."""

import re
from collections import Counter
from collections.abc import Callable, Sequence

from redis.asyncio import Redis

from exosphere_core.keys import (
    AGREED,
    BACKGROUND_QUEUE,
    NAMESPACES,
    RUNTIMES_GROUP,
    STATE_MANAGERS_GROUP,
    CatalogKeys,
    ShardKeys,
)
from exosphere_core.store.connection import owner, servers
from exosphere_core.store.upkeep import delete_run, read_expired

#: Why a report is put aside whose state was lost with the end of the append-only file.
_OF_LOST_STATE = "there is no such state"


def shard_key(name: str) -> str:
    """The pattern of a key of any of the shards.

    Args:
        name: pattern of what is behind the key's tag.
    """
    return re.escape(ShardKeys("ns").reports.rpartition("0}:")[0]) + rf"\d+\}}:{name}"


#: What outlives runs: catalog, audit log, figures of the last hour, empty streams, memory of deletions, and arq's own.
_PATTERNS = "|".join(
    [
        re.escape(NAMESPACES),
        re.escape(AGREED),
        re.escape(BACKGROUND_QUEUE) + ".*",
        "arq:.*",
        *(
            re.escape(CatalogKeys("ns").nodes.rpartition(":")[0]) + f":{name}"
            for name in ("nodes", "graphs", "graph:.*", "unready", "runtimes", "audit", r"figures:\d+")
        ),
        *(shard_key(name) for name in ("ready:.*", "reports", "inbox", "outbox", "arrivals", "deleted", "mended")),
    ]
)

#: The keys that outlive runs.
KEPT = re.compile(_PATTERNS)


async def under_way(redis: Redis, home: ShardKeys, nodes: Sequence[str]) -> list[str]:
    """Tell what is still on its way in a shard: entries of streams, pending or not, due times, runs that count as active."""
    pipeline = redis.pipeline(transaction=False)
    streams = [
        (home.reports, STATE_MANAGERS_GROUP),
        (home.inbox, STATE_MANAGERS_GROUP),
        *((home.ready(node), RUNTIMES_GROUP) for node in nodes),
    ]
    for stream, group in streams:
        pipeline.xpending(stream, group)
        pipeline.xlen(stream)
    pipeline.zcard(home.due)
    replies = await pipeline.execute(raise_on_error=False)
    *of_streams, due = replies
    found = []
    for (stream, _), pending, length in zip(streams, of_streams[::2], of_streams[1::2], strict=True):
        if isinstance(pending, Exception):
            found.append(f"{stream}: {pending}")
        elif pending["pending"] or length:
            held = {each["name"].decode(): each["pending"] for each in pending["consumers"]}
            found.append(f"{stream} has {length} entries, {pending['pending']} pending: {held}")
    if due:
        found.append(f"{due} due times are left")
    there = await owner(redis, home.runs)
    active = [key.decode() async for key in there.scan_iter(match=home.active("*"), count=1000)]
    return found + [f"{key} holds {await redis.scard(key)} runs" for key in active]


async def put_aside(
    redis: Redis, home: ShardKeys, *, lossy: bool, is_removed: Callable[[str], bool] = lambda state: False
) -> tuple[list[str], Counter[str]]:
    """Tell which reports were put aside, though nobody sent a bad one.

    After a loss, workers report what they did for states that Redis has no record of any more: that is as it should be.
    So is it when they lose their connection again and again, and send reports again whose runs were removed meanwhile.

    Args:
        is_removed: whether a state is of a run that was removed.

    Returns:
        A line for each reason that nothing explains; and how many reports were of lost states, and of removed ones. They
        are removed here.
    """
    reasons: Counter[str] = Counter()
    explained: Counter[str] = Counter()
    for _, fields in await redis.xrange(home.rejected):
        reason = fields[b"reason"].decode()
        if reason == _OF_LOST_STATE and is_removed(fields.get(b"state", b"").decode(errors="replace")):
            explained["reports of removed states"] += 1
        elif reason == _OF_LOST_STATE and lossy:
            explained["reports of lost states"] += 1
        else:
            reasons[reason] += 1
    if not reasons:
        await redis.delete(home.rejected)
    return [f"{count} reports were put aside: {reason}" for reason, count in reasons.items()], explained


async def remove_ended(redis: Redis, home: ShardKeys, kept_s: float) -> list[str]:
    """Remove every run of a shard that ended longer ago, as retention does. Returns them."""
    seconds, micros = await redis.time()
    before_ms = int((seconds - kept_s) * 1000 + micros / 1000)
    removed: list[str] = []
    while runs := await read_expired(redis, home, before_ms, 500):
        for run in runs:
            await delete_run(redis, home, run)
        removed += runs
    return removed


async def left_after_retention(redis: Redis) -> list[str]:
    """Tell which keys retention left behind, and which stay: inputs that were laid down for a unite which somebody else had
    fired go by themselves.
    """
    found = [key.decode() for server in await servers(redis) async for key in server.scan_iter(count=1000)]
    return [key for key in found if not KEPT.fullmatch(key) and await redis.pttl(key) == -1]
