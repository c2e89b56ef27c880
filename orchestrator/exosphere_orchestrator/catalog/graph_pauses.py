"""Pausing and resuming graphs."""

from collections.abc import Awaitable, Callable

from exosphere_core.errors import Conflict
from exosphere_core.store import catalog, pauses
from exosphere_core.store.connection import Redis
from exosphere_orchestrator.catalog import graphs
from exosphere_orchestrator.catalog.graphs import Graph
from exosphere_orchestrator.schedules import next_due

#: How often a change that others overtook is tried again.
_TRIES = 10


async def pause(redis: Redis, namespace: str, graph: str) -> Graph:
    """Let no run of a graph begin until it is resumed, in whichever version; a paused one stays as it is.

    Raises:
        NotFound: there is no such graph.
        Conflict: upserts of the graph came first, again and again.
    """

    async def step(found: Graph) -> bool:
        return await pauses.pause_graph(redis, namespace, graph, found.head.version)

    return await _steer(redis, namespace, graph, step)


async def resume(redis: Redis, namespace: str, graph: str) -> Graph:
    """End a graph's pause: its schedules are due next when their expressions say so from now on.

    Raises:
        NotFound: there is no such graph.
        Conflict: upserts of the graph came first, again and again.
    """

    async def step(found: Graph) -> bool:
        now = await catalog.now_ms(redis)
        following = [next_due(trigger.value, now) for trigger in found.template.triggers]
        return await pauses.resume_graph(redis, namespace, graph, found.head.version, following)

    return await _steer(redis, namespace, graph, step)


async def _steer(redis: Redis, namespace: str, graph: str, step: Callable[[Graph], Awaitable[bool]]) -> Graph:
    for _ in range(_TRIES):
        if await step(await graphs.get(redis, namespace, graph)):
            return await graphs.get(redis, namespace, graph)
    raise Conflict(f"graph {graph!r} is being changed by others all the time; try again")
