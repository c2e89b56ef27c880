"""Removing what is no longer needed, in bounded steps, each of which may be done twice."""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError, WatchError

from exosphere_core.keys import ShardKeys
from exosphere_core.store.calls import Call, apply_all
from exosphere_core.store.connection import ask
from exosphere_core.store.corrupt import is_wrong_type

#: The most records that one round trip deletes.
_STEP = 500


async def read_expired(redis: "Redis", home: ShardKeys, before_ms: int, limit: int) -> list[str]:
    """Read the runs that ended before a moment, the oldest first."""
    return [
        run.decode(errors="replace")
        for run in await ask(redis, "ZRANGEBYSCORE", home.ended, "-inf", before_ms, "LIMIT", 0, limit)
    ]


async def delete_run(redis: "Redis", home: ShardKeys, run: str) -> None:
    """Delete an ended run and all that belongs to it: states and unites first, so that a crash leaves it to be found.

    A run that has not ended is left alone.
    """
    async with redis.pipeline(transaction=True) as pipeline:
        try:
            await _delete_run(pipeline, home, run)
        except WatchError:
            # Another replica removed it, or somebody reopened it.
            return


# Any: redis-py leaves the `multi` of a pipeline untyped.
async def _delete_run(pipeline: Any, home: ShardKeys, run: str) -> None:
    for list_key, keys_of in (
        (home.states(run), lambda state: (home.state(state),)),
        (home.unites(run), lambda unite: (home.unite(unite), home.members(unite))),
    ):
        while page := await _page(pipeline, home, run, list_key):
            pipeline.multi()
            pipeline.unlink(*(key for raw in page for key in keys_of(raw.decode())))
            pipeline.ltrim(list_key, len(page), -1)
            await pipeline.execute()
    pipeline.multi()
    pipeline.unlink(
        home.run(run), home.store(run), home.states(run), home.unites(run), home.once(run), home.retries(run),
        home.reruns(run),
    )  # fmt: skip
    pipeline.zrem(home.runs, run)
    pipeline.zrem(home.ended, run)
    await pipeline.execute()


async def _page(pipeline: Any, home: ShardKeys, run: str, list_key: str) -> list[bytes]:
    """Read what a step is to delete, and watch the run: an idempotency key may make another one of its id meanwhile."""
    await pipeline.watch(home.run(run))
    if await ask(pipeline, "ZSCORE", home.ended, run) is None:
        raise WatchError
    try:
        page: list[bytes] = await ask(pipeline, "LRANGE", list_key, 0, _STEP - 1)
    except ResponseError as refused:
        if not is_wrong_type(refused):
            raise
        return []  # no list: it goes with the run, and what it would have named can't be found
    return page


async def note_anew(redis: "Redis", home: ShardKeys, unites: Sequence[str]) -> None:
    """Note on unites that a branch of theirs is executed anew although its run takes over another's outputs."""
    pipeline = redis.pipeline(transaction=False)
    for unite in unites:
        pipeline.hset(home.unite(unite), "anew", "1")
    await pipeline.execute()


async def forget_consumers(redis: "Redis", streams: Sequence[str], group: str, silent_ms: int) -> int:
    """Take consumers that hold nothing and have been silent for long off their groups. Returns how many."""
    replies = await apply_all(redis, [Call("forget_consumer", [stream], [group, silent_ms, ""]) for stream in streams])
    return sum(reply for reply in replies if not isinstance(reply, ResponseError))
