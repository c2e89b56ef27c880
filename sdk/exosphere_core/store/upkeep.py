"""Removing what is no longer needed, in bounded steps, each of which may be done twice."""

from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from exosphere_core.keys import ShardKeys
from exosphere_core.store.calls import Call, apply, apply_all
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

    A run that has not ended is left alone. Each step is a script, which sees whether the run was reopened, or removed
    by another replica and made again for its idempotency key; a transaction would be refused when memory is full.
    """
    for list_key, keys_of in (
        (home.states(run), lambda state: (home.state(state),)),
        (home.unites(run), lambda unite: (home.unite(unite), home.members(unite))),
    ):
        while page := await _page(redis, list_key):
            keys = [key for raw in page for key in keys_of(raw.decode(errors="replace"))]
            if not await apply(redis, Call("delete_page", [home.ended, list_key, *keys], [run, page[0], len(page)])):
                return
    keys = [home.run(run), home.states(run), home.unites(run), home.runs, home.ended]
    belongings = [
        home.store(run), home.once(run), home.retries(run), home.reruns(run), home.states_anew(run), home.unites_anew(run),
        home.events(run), home.lines(run),
    ]  # fmt: skip
    await apply(redis, Call("delete_run", [*keys, *belongings], [run]))


async def _page(redis: "Redis", list_key: str) -> list[bytes]:
    try:
        page: list[bytes] = await ask(redis, "LRANGE", list_key, 0, _STEP - 1)
    except ResponseError as refused:
        if not is_wrong_type(refused):
            raise
        return []  # no list: it goes with the run, and what it would have named can't be found
    return page


async def note_anew(redis: "Redis", home: ShardKeys, unites: Sequence[str]) -> None:
    """Note on unites that a branch of theirs is executed anew although its run takes over another's outputs."""
    if unites:
        await apply(redis, Call("note_anew", [home.unite(unite) for unite in unites], []))


async def forget_consumers(
    redis: "Redis", streams: Sequence[str], group: str, silent_ms: int, consumer: str = ""
) -> int:
    """Take consumers that hold nothing and have been silent for long off their groups. Returns how many.

    Args:
        silent_ms: for longer than this; -1 for any.
        consumer: the one that it is about; "" for all.
    """
    calls = [Call("forget_consumer", [stream], [group, silent_ms, consumer]) for stream in streams]
    replies = await apply_all(redis, calls)
    return sum(reply for reply in replies if not isinstance(reply, ResponseError))
