"""Deleting graphs: gone at once for whoever reads, removed in bounded steps when their runs have ended."""

import logging
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Self

from redis.asyncio import Redis

from exosphere_core.keys import CatalogKeys, ShardKeys
from exosphere_core.store import moves
from exosphere_core.store.calls import Call, apply, apply_all
from exosphere_core.store.connection import ask

logger = logging.getLogger("exosphere.background")

#: The most keys or runs that one round trip is about.
_STEP = 500


class Deletion(NamedTuple):
    """A deletion that is not finished."""

    graph: str
    #: Its number in the count of versions: it takes those below.
    number: int
    #: Whether pending runs are cancelled; otherwise they are waited for.
    cancels: bool

    @property
    def text(self) -> str:
        """How it is noted; names hold no slash."""
        return f"{self.graph}/{self.number}/{'cancel' if self.cancels else 'wait'}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Read it as it is noted."""
        graph, number, how = text.split("/")
        return cls(graph, int(number), how == "cancel")


async def delete_graph(redis: "Redis", namespace: str, deletion: Deletion, triggers: int) -> bool:
    """Make a graph be gone for its readers, with its schedules, and note what is to be removed.

    Args:
        triggers: how many triggers the version before it has, which must be the newest.

    Returns:
        False when an upsert or another deletion came first; nothing is changed then.
    """
    keys = CatalogKeys(namespace)
    graph = deletion.graph
    call = Call(
        "delete_graph",
        [
            keys.graph(graph), keys.graphs, keys.unready, keys.deletions, keys.schedules, keys.claims,
            keys.schedules_of(graph), keys.firings(graph),
        ],
        [graph, deletion.number - 1, deletion.number, triggers, deletion.text],
    )  # fmt: skip
    return bool(await apply(redis, call))


async def read_deletions(redis: "Redis", namespace: str) -> list[Deletion]:
    """Read the deletions that are not finished. What is none is removed."""
    key = CatalogKeys(namespace).deletions
    found = []
    for text in await ask(redis, "SMEMBERS", key):
        try:
            found.append(Deletion.read(text.decode()))
        except ValueError:
            logger.error("%r in %s is no deletion of a graph, and was removed", text[:200], key)
            await ask(redis, "SREM", key, text)
    return sorted(found)


async def forget_deletion(redis: "Redis", namespace: str, deletion: Deletion) -> None:
    """Note that a deletion is finished."""
    await ask(redis, "SREM", CatalogKeys(namespace).deletions, deletion.text)


async def bar_graph(redis: "Redis", homes: Sequence[ShardKeys], deletion: Deletion) -> None:
    """Let no run of the deleted versions be started or reopened any more."""
    for home in homes:
        await apply(redis, Call("bar_graph", [home.deleted], [deletion.graph, deletion.number]))


async def count_active(redis: "Redis", homes: Sequence[ShardKeys], graph: str) -> int:
    """Count a graph's runs that have not ended."""
    counts = [await ask(redis, "SCARD", home.active(graph)) for home in homes]
    return sum(map(int, counts))


async def walk_active(redis: "Redis", home: ShardKeys, deletion: Deletion) -> AsyncIterator[list[str]]:
    """Go through the runs of the deleted versions that have not ended, a page of ids at a time."""
    cursor = 0
    while True:
        cursor, page = await redis.sscan(home.active(deletion.graph), cursor, count=_STEP)
        runs = [raw.decode() for raw in page]
        pipeline = redis.pipeline(transaction=False)
        for run in runs:
            pipeline.hget(home.run(run), "version")
        versions = await pipeline.execute(raise_on_error=False) if runs else []
        # A graph of the same name may have been made since, and have runs of its own.
        # A record that can't be read is of no run that could go on.
        found = [
            run
            for run, version in zip(runs, versions, strict=True)
            if isinstance(version, bytes) and version.isdigit() and int(version) < deletion.number
        ]
        if found:
            yield found
        if not cursor:
            return


async def cancel_active(redis: "Redis", homes: Sequence[ShardKeys], deletion: Deletion) -> int:
    """Ask for the pending runs of the deleted versions to be cancelled. Returns how many."""
    asked = 0
    for home in homes:
        async for page in walk_active(redis, home, deletion):
            replies = await apply_all(redis, [moves.cancel_run(home, run) for run in page])
            asked += sum(1 for reply in replies if isinstance(reply, list) and reply[0] == b"cancelling")
    return asked


async def remove_versions(redis: "Redis", namespace: str, deletion: Deletion) -> None:
    """Remove the deleted versions. May be done twice."""
    keys = CatalogKeys(namespace)
    for first in range(1, deletion.number, _STEP):
        page = range(first, min(first + _STEP, deletion.number))
        await ask(redis, "UNLINK", *(keys.version(deletion.graph, version) for version in page))
