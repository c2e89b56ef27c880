"""The background jobs as a real process."""

import asyncio
import json
import signal
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from background.desk import CATALOG, HOME, YEARLY, Desk
from exosphere_core.store import catalog
from exosphere_orchestrator.background import worker as background
from system.stack import Stack, wait_for

CODE = (
    "from exosphere_orchestrator.background import run; "
    "from exosphere_orchestrator.settings import load_settings; run(load_settings())"
)


def prepare(url: str, scene: Callable[[Desk], Coroutine[Any, Any, None]]) -> None:
    async def play() -> None:
        redis = AsyncRedis.from_url(url)
        await scene(Desk(redis))
        await redis.aclose()

    asyncio.run(play())


async def due_at_once(desk: Desk) -> None:
    await desk.register()
    await desk.graph(YEARLY)
    await desk.set_due("g/0", await catalog.now_ms(desk.redis) - 1)


async def due_often(desk: Desk) -> None:
    """Ten schedules, each overdue since long ago; all is to be caught up with."""
    await desk.register()
    await desk.graph(*[YEARLY] * 10, catchup="all")
    for index in range(10):
        await desk.set_due(f"g/{index}", 1_700_000_000_000)


def runs(stack: Stack, name: str) -> bool:
    return "background jobs run" in stack.log(name)


def test_it_fires_what_is_due_and_ends_with_sigterm(stack: Stack, redis_url: str) -> None:
    stack.as_users_do("bg")
    prepare(redis_url, due_at_once)
    stack.start("bg", [sys.executable, "-c", CODE])
    with Redis.from_url(redis_url) as redis:
        wait_for("the schedule fires", lambda: redis.llen(CATALOG.firings("g")) == 1)
        assert redis.zcard(HOME.runs) == 1
        wait_for("it runs", partial(runs, stack, "bg"))
        stack.signal("bg", signal.SIGTERM)
        assert stack.wait_end("bg") == 0
        assert redis.llen(CATALOG.firings("g")) == 1
    assert "Traceback" not in stack.log("bg")


def test_three_replicas_that_start_at_once_fire_each_due_time_once(stack: Stack, redis_url: str) -> None:
    prepare(redis_url, due_often)
    names = ["bg-1", "bg-2", "bg-3"]
    for name in names:
        stack.start(name, [sys.executable, "-c", CODE], EXOSPHERE_MAX_CATCHUP="2")
    for name in names:
        wait_for(f"{name} runs", partial(runs, stack, name))
    with Redis.from_url(redis_url) as redis:
        # Ten schedules, each with the two newest of its due times and one record of those that were left out.
        wait_for("the schedules fire", lambda: redis.llen(CATALOG.firings("g")) == 30)
        for name in names:
            stack.signal(name, signal.SIGINT)
        assert [stack.wait_end(name) for name in names] == [0, 0, 0]
        assert redis.zcard(HOME.runs) == 20
        fired = [json.loads(item) for item in redis.lrange(CATALOG.firings("g"), 0, -1)]
        times = Counter((firing["index"], firing["due_at"]) for firing in fired if "run_id" in firing)
        assert len(times) == 20
        assert {firing["run_id"] for firing in fired if "run_id" in firing} == {
            run.decode() for run in redis.zrange(HOME.runs, 0, -1)
        }
        assert redis.zcard(CATALOG.claims) == 0


def test_it_says_in_one_line_that_redis_can_not_be_reached(stack: Stack) -> None:
    stack.as_users_do("bg")
    stack.start("bg", [sys.executable, "-c", CODE], EXOSPHERE_REDIS_URL="unix:///nowhere/redis.sock")
    assert stack.wait_end("bg") != 0
    assert "ConfigurationError: Redis can't be reached" in stack.log("bg")


def test_a_stop_lets_the_sweep_under_way_end_so_that_no_claim_is_left_open(stack: Stack, redis_url: str) -> None:
    prepare(redis_url, due_often)
    stack.start("bg", [sys.executable, "-c", CODE], EXOSPHERE_MAX_CATCHUP="20")
    with Redis.from_url(redis_url) as redis:
        wait_for("the first schedule is being dealt with", lambda: redis.zcard(HOME.runs) > 0)
        stack.signal("bg", signal.SIGTERM)
        assert stack.wait_end("bg") == 0
        firings = [json.loads(item) for item in redis.lrange(CATALOG.firings("g"), 0, -1)]
        assert {firing["index"] for firing in firings} == set(range(10))
        assert redis.zcard(HOME.runs) == len(firings)
        assert redis.zcard(CATALOG.claims) == 0


def test_a_job_under_way_is_finished_before_the_worker_is_ended_and_none_is_begun() -> None:
    async def scene() -> None:
        finished = asyncio.Event()

        async def job() -> None:
            await asyncio.sleep(0)
            finished.set()

        worker = SimpleNamespace(allow_pick_jobs=True, tasks={"job": asyncio.create_task(job())})
        await background.finish_jobs(cast(Any, worker))
        assert finished.is_set()
        assert not worker.allow_pick_jobs

    asyncio.run(scene())


def test_a_second_signal_ends_it_at_once(stack: Stack, redis_url: str) -> None:
    stack.as_users_do("bg")
    prepare(redis_url, due_often)
    stack.start("bg", [sys.executable, "-c", CODE], EXOSPHERE_MAX_CATCHUP="20")
    with Redis.from_url(redis_url) as redis:
        wait_for("the first schedule is being dealt with", lambda: redis.zcard(HOME.runs) > 0)
        # Redis answers nobody for a while, so that the sweep can't end.
        redis.execute_command("CLIENT", "PAUSE", "3000", "ALL")
        stack.signal("bg", signal.SIGTERM)
        wait_for("it hears the first signal", lambda: "stopping" in stack.log("bg"))
        stack.signal("bg", signal.SIGTERM)
        assert stack.wait_end("bg") == 128 + signal.SIGTERM


async def expired(desk: Desk) -> None:
    """A run whose retention time has long been over."""
    await desk.register()
    await desk.graph()
    started = await desk.jobs.runs.trigger("ns", "g", {}, {}, 0)
    await desk.redis.hset(HOME.run(started.run_id), "status", "SUCCESS")
    await desk.redis.zadd(HOME.ended, {started.run_id: 1})


def test_ended_runs_are_removed_when_memory_is_full_though_no_job_can_be_kicked(stack: Stack, redis_url: str) -> None:
    stack.start("bg", [sys.executable, "-c", CODE])
    with Redis.from_url(redis_url) as redis:
        wait_for("it runs", partial(runs, stack, "bg"))
        prepare(redis_url, expired)
        redis.config_set("maxmemory", 1)
        try:
            wait_for("the run is removed", lambda: redis.zcard(HOME.runs) == 0)
        finally:
            redis.config_set("maxmemory", 0)
    assert "background jobs find memory full, try again" in stack.log("bg")
    assert "Traceback" not in stack.log("bg")
