"""Whether anything in Redis belongs to nobody: after each round every key is one that somebody will remove, or one that stays."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from redis.asyncio import Redis

from chaos.leftovers import KEPT, shard_key
from exosphere_core.keys import ShardKeys
from exosphere_core.store.connection import servers

#: Where runs and reports of all kinds are noted: one key each, however many runs there are.
_INDEXES = re.compile("|".join(shard_key(name) for name in ("runs", "ended", "active:.*", "due", "rejected", "broken")))

#: So many runs are looked up in one round trip.
_STEP = 500


class Compared(NamedTuple):
    """What came of a comparison.

    Attributes:
        keys: how many keys were compared.
        strays: a line for each thing that retention would never remove.
    """

    keys: int
    strays: list[str]


async def compare(redis: Redis, homes: Sequence[ShardKeys]) -> Compared:
    """Compare all keys with the runs that there are.

    A key belongs to a run that has ended, as retention finds it, or is still under way; or it is one of the catalog, a
    stream or an index; or it goes by itself.
    """
    # The keys first: what is made from here on is in the lists of its run by then.
    keys = {key.decode() for server in await servers(redis) async for key in server.scan_iter(count=1000)}
    owned: set[str] = set()
    found: list[str] = []
    for home in homes:
        active = {run for key in keys if key.startswith(home.active("")) for run in await _members(redis, key)}
        ended, listed = await _ranked(redis, home.ended), await _ranked(redis, home.runs)
        owned |= await _belongings(redis, home, sorted(active | ended))
        found += [
            f"{home.runs} lists run {run}, which is neither under way nor ended: retention would never find it"
            for run in sorted(listed - active - ended)
        ]
    for key in sorted(keys - owned):
        if KEPT.fullmatch(key) or _INDEXES.fullmatch(key):
            continue
        # -1: it never goes by itself; -2: it is gone by now.
        if await redis.pttl(key) == -1:
            found.append(f"{key} belongs to no run that retention would find, and would be kept for ever")
    return Compared(len(keys), found)


async def _members(redis: Redis, key: str) -> set[str]:
    return {raw.decode() for raw in await redis.smembers(key)}


async def _ranked(redis: Redis, key: str) -> set[str]:
    return {raw.decode() for raw in await redis.zrange(key, 0, -1)}


async def _belongings(redis: Redis, home: ShardKeys, runs: Sequence[str]) -> set[str]:
    """All keys that retention removes with these runs."""
    owned: set[str] = set()
    for start in range(0, len(runs), _STEP):
        page = runs[start : start + _STEP]
        pipeline = redis.pipeline(transaction=False)
        for run in page:
            pipeline.lrange(home.states(run), 0, -1)
            pipeline.lrange(home.unites(run), 0, -1)
            owned |= {
                home.run(run), home.states(run), home.unites(run), home.store(run), home.once(run), home.retries(run),
                home.reruns(run), home.states_anew(run), home.unites_anew(run),
            }  # fmt: skip
        lists = await pipeline.execute()
        owned |= {home.state(raw.decode()) for states in lists[::2] for raw in states}
        unites = [raw.decode() for found in lists[1::2] for raw in found]
        owned |= {key for unite in unites for key in (home.unite(unite), home.members(unite))}
    return owned
