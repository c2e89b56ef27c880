"""Deleting graphs, without a run that was accepted being left behind, and without a run being accepted too late.

The catalog and the runs are in different slots, so no script sees both, and a caller that is about to trigger the
graph may hold what it read of it for as long as it likes. Hence this order:

1. The graph is marked as deleted: from then on nobody finds it. Its count of versions stays, and the deletion takes
   a number of it.
2. Each shard is told that number. The scripts that start or reopen a run look there, so that one
   that read the graph before 1 is refused from then on. What came before 2 is among the pending runs.
3. Pending runs are cancelled, if that was asked for. Without it there are none but those that were started between
   the look at them and 2; these were accepted, so they are left to end by themselves.
4. When no run is pending, nothing can need the versions any more, and they are removed.

What a crash leaves undone after 1 is noted, and gone on with by the background jobs; each step may be done twice.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from exosphere_core.errors import Conflict
from exosphere_core.keys import ShardKeys
from exosphere_core.store import deletions
from exosphere_core.store.connection import Redis
from exosphere_core.store.deletions import Deletion
from exosphere_orchestrator.catalog import graphs

#: How often a deletion that an upsert overtook is tried again.
_TRIES = 10

#: How often the answer looks whether the cancelled runs have ended; the rest is done in the background.
_LOOKS = 100

#: How long it waits in between, in s.
_PAUSE_S = 0.05


class Deleted(NamedTuple):
    """What came of a deletion."""

    #: Runs that were cancelled for it.
    cancelled: int
    #: Runs that have not ended yet; what they need is removed after them.
    pending: int


async def delete(redis: Redis, namespace: str, graph: str, shards: int, *, force: bool) -> Deleted:
    """Delete a graph with its schedules; records of its runs stay until their retention time is over.

    Args:
        force: cancel its pending runs; otherwise a graph that has any is not deleted.

    Raises:
        NotFound: there is no such graph.
        Conflict: it has pending runs, or is being changed all the time.
    """
    homes = [ShardKeys(namespace, shard) for shard in range(shards)]
    for _ in range(_TRIES):
        found = await graphs.get(redis, namespace, graph)
        pending = await deletions.count_active(redis, homes, graph)
        if pending and not force:
            raise Conflict(
                f"graph {graph!r} has {pending} pending {'run' if pending == 1 else 'runs'}: "
                "wait for the end, cancel, or delete it with force=true, which cancels them"
            )
        deletion = Deletion(graph, found.head.version + 1, cancels=force)
        if await deletions.delete_graph(redis, namespace, deletion, len(found.template.triggers)):
            break
    else:
        raise Conflict(f"graph {graph!r} is being changed by others all the time; try again")
    await deletions.bar_graph(redis, homes, deletion)
    cancelled = await deletions.cancel_active(redis, homes, deletion) if force else 0
    left = await _remove(redis, namespace, homes, deletion)
    for _ in range(_LOOKS):
        if not (left and force):
            break
        await asyncio.sleep(_PAUSE_S)
        left = await _remove(redis, namespace, homes, deletion)
    return Deleted(cancelled, left)


async def finish(redis: Redis, namespace: str, shards: int) -> int:
    """Go on with the deletions of a namespace that are not finished. Returns how many were finished."""
    homes = [ShardKeys(namespace, shard) for shard in range(shards)]
    finished = 0
    for deletion in await deletions.read_deletions(redis, namespace):
        await deletions.bar_graph(redis, homes, deletion)
        if deletion.cancels:
            await deletions.cancel_active(redis, homes, deletion)
        finished += not await _remove(redis, namespace, homes, deletion)
    return finished


async def _remove(redis: Redis, namespace: str, homes: Sequence[ShardKeys], deletion: Deletion) -> int:
    """Remove the versions, unless runs that need them are pending: then return how many."""
    pending = 0
    for home in homes:
        async for page in deletions.walk_active(redis, home, deletion):
            pending += len(page)
    if not pending:
        await deletions.remove_versions(redis, namespace, deletion)
        await deletions.forget_deletion(redis, namespace, deletion)
    return pending
