"""Finds a state for the runtimes of its node, whose namespace may not be that of the run."""

from collections.abc import AsyncIterator

from exosphere_core.errors import NotFound
from exosphere_core.ids import shard_of
from exosphere_core.keys import ShardKeys
from exosphere_core.records import Task
from exosphere_core.store import catalog, reads
from exosphere_orchestrator.http.context import Services, checked


async def find_task(the: Services, namespace: str, state_id: str) -> tuple[ShardKeys, Task]:
    """Return the shard that holds a state of a node of a namespace, and its task.

    Raises:
        BadRequest: the namespace is no name.
        NotFound: no node of this namespace has such a state.
    """
    checked("namespace", namespace)
    shard = shard_of(state_id)
    if shard is not None:
        async for home in _homes(the, namespace, shard):
            (task,) = await reads.read_tasks(the.redis, [(home, state_id)])
            if task is not None and task.namespace == namespace:
                return home, task
    raise NotFound(f"namespace {namespace!r} has no state {state_id[:60]!r}")


async def _homes(the: Services, namespace: str, shard: int) -> AsyncIterator[ShardKeys]:
    """Where the records may be: mostly the namespace itself."""
    yield ShardKeys(namespace, shard)
    for other in await catalog.read_namespaces(the.redis):
        if other != namespace:
            yield ShardKeys(other, shard)
