"""The background jobs as a real process."""

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from background.desk import CATALOG, HOME, Desk
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
    await desk.graph("0 0 1 1 *")
    await desk.set_due("g/0", 1_700_000_000_000)


def runs(stack: Stack, name: str) -> bool:
    return "background jobs run" in stack.log(name)


def test_it_fires_what_is_due_and_ends_with_sigterm(stack: Stack, redis_url: str) -> None:
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


def test_several_replicas_that_start_at_once_fire_once(stack: Stack, redis_url: str) -> None:
    prepare(redis_url, due_at_once)
    names = ["bg-1", "bg-2"]
    for name in names:
        stack.start(name, [sys.executable, "-c", CODE])
    for name in names:
        wait_for(f"{name} runs", partial(runs, stack, name))
    with Redis.from_url(redis_url) as redis:
        wait_for("the schedule fires", lambda: redis.llen(CATALOG.firings("g")) == 1)
        for name in names:
            stack.signal(name, signal.SIGINT)
        assert [stack.wait_end(name) for name in names] == [0, 0]
        assert redis.zcard(HOME.runs) == 1
        assert redis.llen(CATALOG.firings("g")) == 1


def test_it_says_in_one_line_that_redis_can_not_be_reached(stack: Stack) -> None:
    stack.start("bg", [sys.executable, "-c", CODE], EXOSPHERE_REDIS_URL="unix:///nowhere/redis.sock")
    assert stack.wait_end("bg") != 0
    assert "ConfigurationError: Redis can't be reached" in stack.log("bg")
