"""The process of the background jobs. arq decides when a job is kicked and by which replica; the jobs are our own."""

import asyncio
import json
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any

from arq.connections import ArqRedis
from arq.cron import CronJob, cron
from arq.typing import WorkerCoroutine
from arq.worker import Worker

from exosphere_core.ending import end
from exosphere_core.health import HealthServer
from exosphere_core.keys import BACKGROUND_QUEUE, BACKGROUND_TAG
from exosphere_core.logs import set_up_logging
from exosphere_core.store.connection import check_server, connect, connect_to_slot
from exosphere_core.store.faults import FAULTS, is_out_of_memory
from exosphere_core.store.servers import look
from exosphere_orchestrator.admission.budget import MemoryBudget
from exosphere_orchestrator.admission.intake import Intake
from exosphere_orchestrator.admission.sizes import limits_of
from exosphere_orchestrator.background import access, upkeep
from exosphere_orchestrator.background import cron as schedules
from exosphere_orchestrator.background.bulk import BulkRetries
from exosphere_orchestrator.background.context import Jobs
from exosphere_orchestrator.background.one_slot import OneSlotWorker
from exosphere_orchestrator.background.repair import Repair
from exosphere_orchestrator.background.vitals import Vitals
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.reconcile.reconciler import Reconciler
from exosphere_orchestrator.runs import RunStarter
from exosphere_orchestrator.settings import Settings

logger = logging.getLogger("exosphere.background")

#: How long to wait before a connection that was lost is tried again, in s.
_PAUSE_S = 1.0

#: How long jobs under way may take to end after a stop was asked for, in s; the next sweep of another replica goes on.
_GRACE_S = 10.0
#: How long to wait while memory is full, in s.
_FULL_PAUSE_S = 10.0

#: A job that runs longer is given up; the next sweep goes on where it stopped. In s.
_JOB_TIMEOUT_S = 120

#: The same for a job that looks at every record.
_LONG_JOB_TIMEOUT_S = 3000


def run(settings: Settings, listener: socket.socket | None = None) -> None:
    """Run the background jobs until SIGTERM or SIGINT. Then those under way are finished; a second signal ends it at once.

    Args:
        listener: where the health endpoint answers; none without it.

    Raises:
        ConfigurationError: Redis can't be reached at the start.
        ValueError: `EXOSPHERE_HEALTH_AGE_MS` is wrong.
    """
    set_up_logging(settings.log_level, settings.log_format)
    logging.getLogger("arq").setLevel(logging.WARNING)
    vitals = Vitals()
    with nullcontext() if listener is None else HealthServer(listener, vitals.answers()):
        asyncio.run(_serve(settings, vitals))


async def _serve(settings: Settings, vitals: Vitals) -> None:
    redis = connect(settings.redis_url.get_secret_value())
    await check_server(redis)
    vitals.note_reached()
    limits = limits_of(settings)
    # A firing that Redis loses is lost together with its claim, and fires again: it need not be waited for.
    intake = Intake(settings.max_queued, MemoryBudget(settings.max_memory_percent, settings.max_memory_bytes))
    starter = RunStarter(redis, GraphPlans(redis), limits, settings.shards, lambda *_: None, intake)
    jobs = Jobs(settings, redis, starter, vitals=vitals)
    repair = Repair(Reconciler(redis, settings.shards, settings.retention_ms))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()
        logger.info("stopping: what is under way is finished; a second signal stops at once")

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    stopping = asyncio.create_task(stop.wait())
    logger.info("background jobs run")
    reconciling: asyncio.Task[bool] | None = None
    try:
        # What was missed while nobody was there, at once.
        await _swept(_job(jobs, fire_due_schedules)({}))
        # What Redis lost before it was started again, beside the other jobs: there may be much to look at.
        reconciling = asyncio.create_task(_reconciled(jobs, repair))
        while not stop.is_set():
            full = await _work(settings, jobs, repair, stopping)
            if full and not stop.is_set():
                # arq needs memory for each job that it kicks, and these are the jobs that free some.
                for duty in (
                    upkeep.remove_expired_runs,
                    upkeep.finish_deletions,
                    access.trim_audit,
                    fire_due_schedules,
                ):
                    await _swept(_job(jobs, duty)({}))
                await asyncio.wait([stopping], timeout=_FULL_PAUSE_S)
            if not stop.is_set():
                await asyncio.wait([stopping], timeout=_PAUSE_S)
    finally:
        await end(stopping, *([reconciling] if reconciling else []))
        await redis.aclose()


async def _reconciled(jobs: Jobs, repair: Repair) -> bool:
    # The sweep is made here, not by the caller: a task that is stopped before it began awaits nothing it was given.
    return await _swept(_job(jobs, repair.reconcile_all)({}))


async def _work(settings: Settings, jobs: Jobs, repair: Repair, stopping: "asyncio.Task[Any]") -> bool:
    """Run jobs until a stop is asked for, or until Redis is lost. Returns whether that has no memory left."""
    try:
        worker = await _worker(settings, jobs, repair)
    except FAULTS as fault:
        logger.warning("background jobs lost Redis, try again: %s", fault)
        return False
    working = asyncio.create_task(worker.async_run())
    try:
        await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
        await finish_jobs(worker)
        await end(working)
        return await _swept(working)
    finally:
        await _swept(worker.close())


async def finish_jobs(worker: Worker) -> None:
    """Begin no job any more, and let those under way end."""
    worker.allow_pick_jobs = False
    if under_way := [task for task in worker.tasks.values() if not task.done()]:
        logger.info("stopping: %d jobs under way may take %g s to end", len(under_way), _GRACE_S)
        await asyncio.wait(under_way, timeout=_GRACE_S)


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


async def _worker(settings: Settings, jobs: Jobs, repair: Repair) -> Worker:
    bulk_retries = BulkRetries(settings, jobs.redis)
    # The server may be another one than the last time: a master that took over, or the node that has the slot now.
    redis = await connect_to_slot(settings.redis_url.get_secret_value(), BACKGROUND_QUEUE)
    # Every minute schedules can be due; half a minute later what a lost job left is picked up.
    return OneSlotWorker(
        cron_jobs=[
            _cron(jobs, fire_due_schedules, second={0, 1, 30}),
            _cron(jobs, bulk_retries.go_on_with_bulk_retries, second=set(range(3, 60, 5))),
            _cron(jobs, upkeep.remove_expired_runs, second={15, 45}),
            _cron(jobs, upkeep.finish_deletions, second={10, 40}),
            _cron(jobs, upkeep.follow_pauses, second={25, 55}),
            _cron(jobs, repair.reconcile_pending, second={5, 35}),
            _cron(jobs, repair.reconcile_all, minute={17}, second={25}, timeout=_LONG_JOB_TIMEOUT_S),
            _cron(jobs, access.remove_lost_users, second={20, 50}),
            _cron(jobs, access.trim_audit, minute={27}, second={40}),
            _cron(jobs, upkeep.forget_consumers, minute={7, 37}, second={20}),
        ],
        redis_pool=ArqRedis(redis.connection_pool, job_serializer=_write_job, job_deserializer=json.loads),
        queue_name=BACKGROUND_QUEUE,
        handle_signals=False,
        job_timeout=_JOB_TIMEOUT_S,
        keep_result=0,
        max_tries=1,
        job_serializer=_write_job,
        job_deserializer=json.loads,
        log_results=False,
        on_look=jobs.vitals.note_reached,
    )


def _write_job(job: dict[str, Any]) -> bytes:
    return json.dumps(job).encode()


def _cron(jobs: Jobs, duty: Callable[[Jobs], Awaitable[int]], **when: Any) -> CronJob:
    return cron(_job(jobs, duty), name=f"{BACKGROUND_TAG}{duty.__name__}", **when)


def _job(jobs: Jobs, duty: Callable[[Jobs], Awaitable[int]]) -> WorkerCoroutine:
    name = duty.__name__
    jobs.vitals.know(name)

    async def job(ctx: dict[Any, Any], *args: Any, **kwargs: Any) -> int:
        with jobs.vitals.running(name):
            done = await duty(jobs)
        if done:
            jobs.vitals.note_done(name, done)
            logger.info("%s: %d", name, done)
        return done

    coroutine: WorkerCoroutine = job
    return coroutine
