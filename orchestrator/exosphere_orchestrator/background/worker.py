"""The process of the background jobs. arq decides when a job is kicked and by which replica; the jobs are our own."""

import asyncio
import json
import logging
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from arq.connections import RedisSettings
from arq.cron import cron
from arq.typing import WorkerCoroutine
from arq.worker import Worker

from exosphere_core.ending import end
from exosphere_core.keys import BACKGROUND_QUEUE
from exosphere_core.store.connection import Redis, check_server, connect
from exosphere_core.store.faults import FAULTS
from exosphere_orchestrator.background import cron as schedules
from exosphere_orchestrator.background import upkeep
from exosphere_orchestrator.background.context import Jobs
from exosphere_orchestrator.background.repair import Repair
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.inputs import Limits
from exosphere_orchestrator.logs import set_up_logging
from exosphere_orchestrator.reconcile.reconciler import Reconciler
from exosphere_orchestrator.runs import RunStarter
from exosphere_orchestrator.settings import Settings

logger = logging.getLogger("exosphere.background")

#: How long to wait before a connection that was lost is tried again, in s.
_PAUSE_S = 1.0

#: A job that runs longer is given up; the next sweep goes on where it stopped. In s.
_JOB_TIMEOUT_S = 120

#: The same for a job that looks at every record.
_LONG_JOB_TIMEOUT_S = 3000


def run(settings: Settings) -> None:
    """Run the background jobs until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: Redis can't be reached at the start.
    """
    set_up_logging(settings.log_level, settings.log_format)
    logging.getLogger("arq").setLevel(logging.WARNING)
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    redis = connect(settings.redis_url.get_secret_value())
    await check_server(redis)
    limits = Limits(settings.max_fan_out, settings.max_value_bytes)
    starter = RunStarter(redis, GraphPlans(redis), limits, settings.shards, lambda *_: None)
    jobs = Jobs(settings, redis, starter)
    repair = Repair(Reconciler(redis, settings.shards, settings.retention_ms))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    stopping = asyncio.create_task(stop.wait())
    logger.info("background jobs run")
    reconciling: asyncio.Task[None] | None = None
    try:
        # What was missed while nobody was there, at once.
        await _swept(_job(jobs, schedules.fire_due_schedules)({}))
        # What Redis lost before it was started again, beside the other jobs: there may be much to look at.
        reconciling = asyncio.create_task(_swept(_job(jobs, repair.reconcile_all)({})))
        while not stop.is_set():
            worker = _worker(settings, jobs, repair)
            working = asyncio.create_task(worker.async_run())
            await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
            await end(working)
            await _swept(working)
            await _swept(worker.close())
            if not stop.is_set():
                await asyncio.wait([stopping], timeout=_PAUSE_S)
    finally:
        await end(stopping, *([reconciling] if reconciling else []))
        await redis.aclose()


async def _swept(work: Awaitable[Any]) -> None:
    try:
        await work
    except asyncio.CancelledError:
        return
    except FAULTS as fault:
        logger.warning("background jobs lost Redis, try again: %s", fault)


def _worker(settings: Settings, jobs: Jobs, repair: Repair) -> Worker:
    # Every minute schedules can be due; half a minute later what a lost job left is picked up.
    return Worker(
        cron_jobs=[
            cron(_job(jobs, schedules.fire_due_schedules), name="fire_due_schedules", second={0, 1, 30}),
            cron(_job(jobs, upkeep.remove_expired_runs), name="remove_expired_runs", second={15, 45}),
            cron(_job(jobs, upkeep.finish_deletions), name="finish_deletions", second={10, 40}),
            cron(_job(jobs, repair.reconcile_pending), name="reconcile_pending", second={5}),
            cron(
                _job(jobs, repair.reconcile_all),
                name="reconcile_all",
                minute={17},
                second={25},
                timeout=_LONG_JOB_TIMEOUT_S,
            ),
            cron(_job(jobs, upkeep.forget_consumers), name="forget_consumers", minute={7, 37}, second={20}),
        ],
        redis_settings=_address(jobs.redis, tls=settings.redis_url.get_secret_value().startswith("rediss://")),
        queue_name=BACKGROUND_QUEUE,
        handle_signals=False,
        job_timeout=_JOB_TIMEOUT_S,
        keep_result=0,
        max_tries=1,
        job_serializer=lambda job: json.dumps(job).encode(),
        job_deserializer=json.loads,
        log_results=False,
    )


def _address(redis: Redis, *, tls: bool) -> RedisSettings:
    """The same server for arq, whose own reading of URLs leaves escaped characters as they are."""
    known = redis.connection_pool.connection_kwargs
    return RedisSettings(
        host=known.get("host", "localhost"),
        port=int(known.get("port", 6379)),
        database=int(known.get("db", 0)),
        username=known.get("username"),
        password=known.get("password"),
        ssl=tls,
        unix_socket_path=known.get("path"),
    )


def _job(jobs: Jobs, duty: Callable[[Jobs], Awaitable[int]]) -> WorkerCoroutine:
    async def job(ctx: dict[Any, Any], *args: Any, **kwargs: Any) -> int:
        done = await duty(jobs)
        if done:
            logger.info("%s: %d", duty.__name__, done)
        return done

    coroutine: WorkerCoroutine = job
    return coroutine
