"""Taskiq on Redis streams, with taskiq-pipelines."""

import sys
from typing import Any

from redis.asyncio import Redis
from taskiq_pipelines import Pipeline, PipelineMiddleware
from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker

from bench.contenders.serve import payload, redis_url, settings_of
from bench.contenders.stamps import stamp
from bench.contenders.together import in_parallel

PACKAGES = ("taskiq", "taskiq-redis", "taskiq-pipelines", "redis", "hiredis", "uvloop")
BEST: dict[str, Any] = {"max_async_tasks": 64, "prefetch": 64, "read_count": 100, "ack": "when_saved"}
CHOICES: dict[str, list[Any]] = {
    "max_async_tasks": [16, 64, 256], "prefetch": [0, 64], "read_count": [100, 1000],
}  # fmt: skip
GUARANTEE = (
    "streams with acknowledgement after the result is saved (its default): another worker takes over what a dead one had, "
    "after `idle_timeout`, 10 min"
)
WRITTEN = (
    "`Pipeline.call_next` for chains, `Pipeline.map` and `call_next` for the fan-out and its join (taskiq-pipelines)"
)

_settings = settings_of(sys.modules[__name__])
broker = (
    RedisStreamBroker(redis_url(), xread_count=_settings["read_count"])
    .with_result_backend(RedisAsyncResultBackend(redis_url()))
    .with_middlewares(PipelineMiddleware())
)


@broker.task
async def work(value: str) -> str:
    stamp()
    return value


@broker.task
async def spread(width: int) -> list[str]:
    stamp()
    return [str(number) for number in range(width)]


@broker.task
async def gather(values: list[str], width: int) -> int:
    assert values == [str(number) for number in range(width)], f"{len(values)} results"
    stamp()
    return len(values)


def worker(settings: dict[str, Any]) -> list[str]:
    return [
        sys.executable, "-m", "taskiq", "worker", "--workers", "1", "--max-async-tasks", str(settings["max_async_tasks"]),
        "--max-prefetch", str(settings["prefetch"]), "--ack-type", settings["ack"], "--log-level", "ERROR",
        "bench.contenders.taskiq:broker",
    ]  # fmt: skip


class Client:
    def __init__(self) -> None:
        self._redis: Any = None

    async def tasks(self, count: int, size: int = 0) -> None:
        await self._connect()
        value = payload(size)
        await in_parallel(count, lambda _: work.kiq(value))

    async def chains(self, count: int, length: int, size: int = 0) -> None:
        await self._connect()
        value = payload(size)

        async def one(_: int) -> None:
            pipeline: Any = Pipeline(broker, work)
            for _ in range(length - 1):
                pipeline = pipeline.call_next(work)
            await pipeline.kiq(value)

        await in_parallel(count, one)

    async def fan(self, width: int) -> None:
        await self._connect()
        whole = Pipeline(broker, spread).map(work, check_interval=0.01).call_next(gather, width=width)
        await whole.kiq(width)

    async def ended(self, tasks: int, runs: int) -> bool:
        await self._connect()
        return bool(await self._redis.dbsize() >= tasks)

    async def _connect(self) -> None:
        if self._redis is None:
            self._redis = Redis.from_url(redis_url())
            await broker.startup()
