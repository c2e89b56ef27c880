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
from exosphere_core.store.faults import FAULTS, is_out_of_memory
from exosphere_core.store.servers import look
from exosphere_orchestrator.admission.budget import MemoryBudget
from exosphere_orchestrator.admission.intake import Intake
from exosphere_orchestrator.background import cron as schedules
from exosphere_orchestrator.background import upkeep
from exosphere_orchestrator.background.context import Jobs
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.inputs import Limits
from exosphere_orchestrator.logs import set_up_logging
from exosphere_orchestrator.runs import RunStarter
from exosphere_orchestrator.settings import Settings

logger = logging.getLogger("exosphere.background")

#: How long to wait before a connection that was lost is tried again, in s.
_PAUSE_S = 1.0

#: How long to wait while memory is full, in s.
_FULL_PAUSE_S = 10.0

#: A job that runs longer is given up; the next sweep goes on where it stopped. In s.
_JOB_TIMEOUT_S = 120


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
    # A firing that Redis loses is lost together with its claim, and fires again: it need not be waited for.
    intake = Intake(settings.max_queued, MemoryBudget(settings.max_memory_percent, settings.max_memory_bytes))
    starter = RunStarter(redis, GraphPlans(redis), limits, settings.shards, lambda *_: None, intake)
    jobs = Jobs(settings, redis, starter)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    stopping = asyncio.create_task(stop.wait())
    logger.info("background jobs run")
    try:
        # What was missed while nobody was there, at once.
        await _swept(_job(jobs, fire_due_schedules)({}))
        while not stop.is_set():
            worker = _worker(settings, jobs)
            working = asyncio.create_task(worker.async_run())
            await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
            await end(working)
            full = await _swept(working)
            await _swept(worker.close())
            if full:
                # arq needs memory for each job that it kicks, and these are the jobs that free some.
                for duty in (upkeep.remove_expired_runs, upkeep.finish_deletions, fire_due_schedules):
                    await _swept(_job(jobs, duty)({}))
                await asyncio.wait([stopping], timeout=_FULL_PAUSE_S)
            if not stop.is_set():
                await asyncio.wait([stopping], timeout=_PAUSE_S)
    finally:
        await end(stopping)
        await redis.aclose()


async def fire_due_schedules(jobs: Jobs) -> int:
    """Trigger the graphs whose time has come, as far as memory is left. Returns how many schedules were dealt with."""
    jobs.runs.intake.budget.note(await look(jobs.redis))
    return await schedules.fire_due_schedules(jobs)


async def _swept(work: Awaitable[Any]) -> bool:
    """Do some work, and live on after a fault of Redis. Returns whether that had no memory left."""
    try:
        await work
    except asyncio.CancelledError:
        return False
    except FAULTS as fault:
        # What a transaction was refused for is told in its text only.
        full = is_out_of_memory(fault) or "maxmemory" in str(fault)
        logger.warning("background jobs %s, try again: %s", "find memory full" if full else "lost Redis", fault)
        return full
    return False


def _worker(settings: Settings, jobs: Jobs) -> Worker:
    # Every minute schedules can be due; half a minute later what a lost job left is picked up.
    return Worker(
        cron_jobs=[
            cron(_job(jobs, fire_due_schedules), name="fire_due_schedules", second={0, 1, 30}),
            cron(_job(jobs, upkeep.remove_expired_runs), name="remove_expired_runs", second={15, 45}),
            cron(_job(jobs, upkeep.finish_deletions), name="finish_deletions", second={10, 40}),
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
