"""Removes ended runs after their retention time, what is left of deleted graphs, and consumers of gone processes."""

import logging

from exosphere_core.errors import CorruptRecord
from exosphere_core.keys import RUNTIMES_GROUP, STATE_MANAGERS_GROUP, ShardKeys
from exosphere_core.store import catalog, upkeep
from exosphere_core.store.faults import LOST
from exosphere_orchestrator.background.context import Jobs
from exosphere_orchestrator.catalog import deletion, queue_pauses, runtimes

logger = logging.getLogger("exosphere.background")

#: How many runs one look finds.
_BATCH = 200

#: The most looks that one sweep takes at a shard; the next sweep goes on.
_LOOKS = 50

#: What one namespace may meet while others are well.
_LATER: tuple[type[Exception], ...] = (*LOST, CorruptRecord)

#: A consumer that has been silent for longer belongs to a process that is gone, in ms.
_SILENT_MS = 3_600_000


async def remove_expired_runs(jobs: Jobs) -> int:
    """Remove runs whose retention time is over. Returns how many."""
    before = await catalog.now_ms(jobs.redis) - jobs.settings.retention_ms
    removed = 0
    for home in await _homes(jobs):
        for _ in range(_LOOKS):
            expired = await upkeep.read_expired(jobs.redis, home, before, _BATCH)
            for run in expired:
                await upkeep.delete_run(jobs.redis, home, run)
            removed += len(expired)
            if len(expired) < _BATCH:
                break
    return removed


async def finish_deletions(jobs: Jobs) -> int:
    """Go on with deletions of graphs that wait for the end of a run, or whose caller died. Returns how many were finished."""
    finished = 0
    for namespace in await catalog.read_namespaces(jobs.redis):
        finished += await deletion.finish(jobs.redis, namespace, jobs.settings.shards)
    return finished


async def forget_consumers(jobs: Jobs) -> int:
    """Take the consumers of processes that are gone off the streams' groups. Returns how many."""
    gone = 0
    for namespace in await catalog.read_namespaces(jobs.redis):
        gone += await runtimes.forget_gone(jobs.redis, namespace, jobs.settings.shards, _SILENT_MS)
    for home in await _homes(jobs):
        nodes = await catalog.read_node_names(jobs.redis, home.namespace)
        ready = [home.ready(node) for node in nodes]
        gone += await upkeep.forget_consumers(jobs.redis, ready, RUNTIMES_GROUP, _SILENT_MS)
        gone += await upkeep.forget_consumers(jobs.redis, [home.reports, home.inbox], STATE_MANAGERS_GROUP, _SILENT_MS)
    return gone


async def follow_pauses(jobs: Jobs) -> int:
    """Make queues follow their pauses where a shard was away, or a caller died. Returns how many ready streams did otherwise."""
    changed = 0
    for namespace in await catalog.read_namespaces(jobs.redis):
        try:
            changed += await queue_pauses.follow_noted(jobs.redis, namespace, jobs.settings.shards)
        except _LATER as fault:
            # The others need not wait for a shard that is away, or a record to be mended; the next look tries it again.
            logger.warning("queues of namespace %s can't follow their pauses yet: %s", namespace, fault)
    return changed


async def _homes(jobs: Jobs) -> list[ShardKeys]:
    namespaces = await catalog.read_namespaces(jobs.redis)
    return [ShardKeys(namespace, shard) for namespace in namespaces for shard in range(jobs.settings.shards)]
