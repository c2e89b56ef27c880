"""Fires schedules: at most once per due time, over any number of replicas."""

import logging
from typing import Any
from zlib import crc32

from exosphere_core.errors import ExosphereError, NotFound
from exosphere_core.records import run_id_for
from exosphere_core.store import catalog
from exosphere_orchestrator.background.context import Jobs
from exosphere_orchestrator.catalog import graphs
from exosphere_orchestrator.schedules import latest_due, next_due

logger = logging.getLogger("exosphere.cron")

#: The most schedules of one namespace that a sweep handles.
_BATCH = 1000


async def fire_due_schedules(jobs: Jobs) -> int:
    """Trigger the graphs whose time has come. Returns how many schedules were handled.

    After downtime only the latest of the missed times fires. The run's id is a function of schedule and
    due time, so that a second sweep, or one that died before it noted the firing, makes no second run.
    """
    handled = 0
    now = await catalog.now_ms(jobs.redis)
    for namespace in await catalog.read_namespaces(jobs.redis):
        for member, due in await catalog.read_due_schedules(jobs.redis, namespace, now, _BATCH):
            handled += await _fire(jobs, namespace, member, due, now)
    return handled


async def _fire(jobs: Jobs, namespace: str, member: str, due: int, now: int) -> bool:
    graph, _, index = member.rpartition("/")
    try:
        trigger = (await graphs.get(jobs.redis, namespace, graph)).template.triggers[int(index)]
    except (NotFound, IndexError):
        gone = {"due_at": due, "fired_at": now, "error": "the graph or this trigger of it is gone"}
        return await catalog.move_schedule(jobs.redis, namespace, member, due, None, gone)
    latest = latest_due(trigger.value, due, now)
    shard = crc32(member.encode()) % jobs.settings.shards
    run_id = run_id_for(shard, "cron", namespace, member, str(latest))
    outcome: dict[str, Any] = {"due_at": latest, "fired_at": now}
    try:
        started = await jobs.runs.trigger(namespace, graph, {}, {}, 0, run_id)
        outcome["run_id"] = started.run_id
    except ExosphereError as refused:
        outcome["error"] = refused.detail
        logger.warning("schedule %s of %s could not fire: %s", member, namespace, refused.detail)
    following = next_due(trigger.value, max(now, latest))
    return await catalog.move_schedule(jobs.redis, namespace, member, due, following, outcome)
