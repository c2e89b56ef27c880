"""arq."""

import sys
from typing import Any

from arq import create_pool
from arq.connections import ArqRedis, RedisSettings

from bench.contenders.serve import payload, redis_url, settings_of
from bench.contenders.stamps import stamp
from bench.contenders.together import in_parallel

PACKAGES = ("arq", "redis", "hiredis", "uvloop")
BEST: dict[str, Any] = {"max_jobs": 64, "poll_delay_s": 0.01}
CHOICES: dict[str, list[Any]] = {"max_jobs": [10, 64, 256], "poll_delay_s": [0.01, 0.05, 0.5]}
GUARANTEE = (
    "a job stays in the queue until it has ended, so another worker executes it again when its worker dies "
    "(after `job_timeout`, 300 s)"
)
WRITTEN = (
    "neither chains nor joins: a job enqueues its successor; each job of a fan-out writes its result to a hash of "
    "the run and counts with `INCR`, and the last one enqueues the job that reads the hash"
)


async def work(ctx: dict[str, Any], value: str) -> str:
    stamp()
    return value


async def hop(ctx: dict[str, Any], value: str, left: int) -> str:
    stamp()
    if left:
        await ctx["redis"].enqueue_job("hop", value, left - 1)
    return value


async def spread(ctx: dict[str, Any], width: int) -> None:
    stamp()
    run = ctx["job_id"]
    await in_parallel(width, lambda number: ctx["redis"].enqueue_job("leaf", run, number, width))


async def leaf(ctx: dict[str, Any], run: str, number: int, width: int) -> str:
    stamp()
    redis = ctx["redis"].pipeline()
    redis.hset(f"joined:{run}", str(number), str(number))
    redis.incr(f"count:{run}")
    *_, ended = await redis.execute()
    if ended == width:
        await ctx["redis"].enqueue_job("gather", run, width)
    return str(number)


async def gather(ctx: dict[str, Any], run: str, width: int) -> int:
    values = await ctx["redis"].hgetall(f"joined:{run}")
    assert len(values) == width, f"{len(values)} results"
    stamp()
    return width


_settings = settings_of(sys.modules[__name__])


class WorkerSettings:
    functions = (work, hop, spread, leaf, gather)
    redis_settings = RedisSettings.from_dsn(redis_url())
    max_jobs = _settings["max_jobs"]
    poll_delay = _settings["poll_delay_s"]
    log_results = False


def worker(settings: dict[str, Any]) -> list[str]:
    return [sys.executable, "-m", "bench.contenders.arq"]


class Client:
    def __init__(self) -> None:
        self._pool: ArqRedis | None = None

    async def tasks(self, count: int, size: int = 0) -> None:
        await self._enqueue(count, "work", payload(size))

    async def chains(self, count: int, length: int, size: int = 0) -> None:
        await self._enqueue(count, "hop", payload(size), length - 1)

    async def fan(self, width: int) -> None:
        await self._enqueue(1, "spread", width)

    async def ended(self, tasks: int, runs: int) -> bool:
        pool = await self._connected()
        return not await pool.zcard("arq:queue") and await pool.dbsize() >= tasks

    async def _enqueue(self, count: int, *job: Any) -> None:
        pool = await self._connected()
        await in_parallel(count, lambda _: pool.enqueue_job(*job))

    async def _connected(self) -> ArqRedis:
        if self._pool is None:
            self._pool = await create_pool(RedisSettings.from_dsn(redis_url()))
        return self._pool


if __name__ == "__main__":
    import asyncio

    import uvloop
    from arq import run_worker

    asyncio.set_event_loop(uvloop.new_event_loop())
    run_worker(WorkerSettings)
