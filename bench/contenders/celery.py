"""Celery, with Redis as broker and result backend."""

import os
import sys
from typing import Any

from celery import Celery, chain, chord
from redis import Redis

from bench.contenders.serve import payload, redis_url, settings_of
from bench.contenders.stamps import stamp

PACKAGES = ("celery", "kombu", "redis")
BEST: dict[str, Any] = {"pool": "solo", "concurrency": 1, "prefetch": 64, "acks_late": False}
CHOICES: dict[str, list[Any]] = {
    "pool": ["prefork", "threads", "solo"], "concurrency": [1, 2, 4], "prefetch": [4, 64, 256],
}  # fmt: skip
GUARANTEE = (
    "its default, `acks_late` off: a message is acknowledged before its task is executed, so what a worker that is "
    "killed was executing is lost; what it had prefetched comes back after the visibility timeout (1 h)"
)
WRITTEN = "`chain` of signatures; the fan-out is a task that starts a `chord` of a thousand signatures"

app = Celery("bench", broker=redis_url(), backend=redis_url())
_settings = settings_of(sys.modules[__name__])
app.conf.update(
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=_settings["prefetch"],
    task_acks_late=_settings["acks_late"],
    worker_disable_rate_limits=True,
    broker_connection_retry_on_startup=True,
)


@app.task
def work(value: str) -> str:
    stamp()
    return value


@app.task
def spread(width: int) -> None:
    stamp()
    chord(work.s(str(number)) for number in range(width))(gather.s(width))


@app.task
def gather(values: list[str], width: int) -> int:
    assert values == [str(number) for number in range(width)], f"{len(values)} results"
    stamp()
    return len(values)


def worker(settings: dict[str, Any]) -> list[str]:
    """No gossip, no events, no heartbeats among workers: what its guide for large clusters turns off."""
    return [
        sys.executable, "-m", "celery", "-A", "bench.contenders.celery", "worker", "--loglevel", "ERROR",
        "--pool", settings["pool"], "--concurrency", str(settings["concurrency"]), "-n", f"w{os.getpid()}@%h",
        "--without-gossip", "--without-mingle", "--without-heartbeat",
    ]  # fmt: skip


class Client:
    def __init__(self) -> None:
        self._redis: Any = Redis.from_url(redis_url())
        # It subscribes to no results, which would cost Redis and itself a message for each task.
        self._app = Celery("client", broker=redis_url())

    def tasks(self, count: int, size: int = 0) -> None:
        value = payload(size)
        with self._app.producer_pool.acquire(block=True) as producer:
            for _ in range(count):
                self._signature(work, value).apply_async(producer=producer)

    def chains(self, count: int, length: int, size: int = 0) -> None:
        whole = chain(
            self._signature(work, payload(size)), *(self._signature(work) for _ in range(length - 1)), app=self._app
        )
        with self._app.producer_pool.acquire(block=True) as producer:
            for _ in range(count):
                whole.clone().apply_async(producer=producer)

    def fan(self, width: int) -> None:
        self._signature(spread, width).apply_async()

    def ended(self, tasks: int, runs: int) -> bool:
        return not self._redis.llen("celery") and self._redis.dbsize() >= tasks

    def _signature(self, task: Any, *args: Any) -> Any:
        return self._app.signature(task.name, args=args)
