"""Looking at schedules, pausing and resuming them, and firing them by hand."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from exosphere_core.errors import Conflict, ExosphereError, NotFound
from exosphere_core.graph.model import CronTrigger
from exosphere_core.store import catalog
from exosphere_core.store import schedules as store
from exosphere_core.store.connection import Redis
from exosphere_core.store.schedules import Firing, ScheduleRecord
from exosphere_orchestrator.catalog import graphs
from exosphere_orchestrator.catalog.graphs import Graph
from exosphere_orchestrator.runs import RunStarter
from exosphere_orchestrator.schedules import next_due

#: How often a change that an upsert of the graph overtook is tried again.
_TRIES = 10


class Schedule(NamedTuple):
    """A cron trigger of a graph, and what is true of it now."""

    graph: str
    #: Which of the graph's triggers.
    place: int
    cron: CronTrigger
    record: ScheduleRecord


async def get_all(redis: Redis, namespace: str) -> list[Schedule]:
    """Return all schedules of a namespace, in order of graph and trigger."""
    return await _read(redis, namespace, await graphs.get_all(redis, namespace))


async def get(redis: Redis, namespace: str, graph: str, index: int) -> Schedule:
    """Return a schedule.

    Raises:
        NotFound: there is no such graph, or it has no such trigger.
    """
    found = await graphs.get(redis, namespace, graph)
    _cron(found, index)
    return (await _read(redis, namespace, [found]))[index]


async def firings(redis: Redis, namespace: str, graph: str) -> list[Firing]:
    """Return what came of the newest firings of a graph, the newest first.

    Raises:
        NotFound: there is no such graph.
    """
    await graphs.get(redis, namespace, graph)
    return await store.read_firings(redis, namespace, graph)


async def pause(redis: Redis, namespace: str, graph: str, index: int) -> Schedule:
    """Pause a schedule until it is resumed; a paused one stays as it is.

    Raises:
        NotFound: there is no such graph, or it has no such trigger.
        Conflict: upserts of the graph came first, again and again.
    """

    async def step(found: Graph) -> bool:
        return await store.pause_schedule(redis, namespace, graph, index, found.head.version)

    return await _steer(redis, namespace, graph, index, step)


async def resume(redis: Redis, namespace: str, graph: str, index: int) -> Schedule:
    """End a schedule's pause: it is due next when its expression says so from now on. One that runs stays as it is.

    Raises:
        NotFound: there is no such graph, or it has no such trigger.
        Conflict: upserts of the graph came first, again and again.
    """

    async def step(found: Graph) -> bool:
        following = next_due(_cron(found, index), await catalog.now_ms(redis))
        return await store.resume_schedule(redis, namespace, graph, index, found.head.version, following)

    return await _steer(redis, namespace, graph, index, step)


async def run_now(redis: Redis, runs: RunStarter, namespace: str, graph: str, index: int) -> Firing:
    """Trigger a schedule's graph at once, paused or not, and record the firing. The schedule stays as it is.

    Raises:
        NotFound: there is no such graph, or it has no such trigger.
        ExosphereError: the graph can't be triggered; this too is recorded.
    """
    _cron(await graphs.get(redis, namespace, graph), index)
    fired_at = await catalog.now_ms(redis)
    try:
        started = await runs.trigger(namespace, graph, {}, {}, 0)
    except ExosphereError as refused:
        firing = Firing(index=index, fired_at=fired_at, error=refused.detail, manual=True)
        await store.record_by_side(redis, namespace, graph, firing)
        raise
    firing = Firing(index=index, fired_at=fired_at, run_id=started.run_id, manual=True)
    await store.record_by_side(redis, namespace, graph, firing)
    return firing


async def _steer(
    redis: Redis, namespace: str, graph: str, index: int, step: Callable[[Graph], Awaitable[bool]]
) -> Schedule:
    for _ in range(_TRIES):
        found = await graphs.get(redis, namespace, graph)
        _cron(found, index)
        if await step(found):
            return await get(redis, namespace, graph, index)
    raise Conflict(f"graph {graph!r} is being changed by others all the time; try again")


def _cron(graph: Graph, index: int) -> CronTrigger:
    triggers = graph.template.triggers
    if not 0 <= index < len(triggers):
        has = f"{len(triggers)} of them, counted from 0" if triggers else "none"
        raise NotFound(f"graph {graph.head.name!r} has no trigger {index}; it has {has}")
    return triggers[index].value


async def _read(redis: Redis, namespace: str, found: list[Graph]) -> list[Schedule]:
    counts = {graph.head.name: len(graph.template.triggers) for graph in found}
    records = await store.read_schedules(redis, namespace, counts)
    return [
        Schedule(graph.head.name, place, trigger.value, records[graph.head.name, place])
        for graph in found
        for place, trigger in enumerate(graph.template.triggers)
    ]
