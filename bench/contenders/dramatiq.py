"""Dramatiq, with results, pipelines and group callbacks."""

import sys
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import CurrentMessage, GroupCallbacks
from dramatiq.rate_limits.backends import RedisBackend as Barriers
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend
from redis import Redis

from bench.contenders.serve import payload, redis_url
from bench.contenders.stamps import stamp

PACKAGES = ("dramatiq", "redis", "hiredis")
BEST: dict[str, Any] = {"processes": 2, "threads": 8, "prefetch": 64}
CHOICES: dict[str, list[Any]] = {"processes": [1, 2], "threads": [2, 8, 32], "prefetch": [16, 64, 256]}
GUARANTEE = (
    "a message is acknowledged when its actor has ended (its default); those of a worker that is gone come back "
    "after `heartbeat_timeout`, 60 s"
)
WRITTEN = (
    "`pipeline` of messages; the fan-out is an actor that runs a `group` with a completion callback, and since such a callback is not given "
    "the results, each actor of the group pushes its own onto a list of the run that the callback reads"
)

_redis: Any = Redis.from_url(redis_url())
_broker = RedisBroker(url=redis_url())
_broker.add_middleware(Results(backend=RedisBackend(url=redis_url())))
_broker.add_middleware(GroupCallbacks(Barriers(url=redis_url())))
_broker.add_middleware(CurrentMessage())
dramatiq.set_broker(_broker)


@dramatiq.actor(store_results=True)
def work(value: str) -> str:
    stamp()
    return value


@dramatiq.actor(store_results=True)
def spread(width: int) -> None:
    stamp()
    message = CurrentMessage.get_current_message()
    assert message is not None
    run = message.message_id
    whole = dramatiq.group(leaf.message(run, number) for number in range(width))
    whole.add_completion_callback(gather.message(run, width))
    whole.run()


@dramatiq.actor(store_results=True)
def leaf(run: str, number: int) -> str:
    _redis.rpush(f"joined:{run}", str(number))
    stamp()
    return str(number)


@dramatiq.actor(store_results=True)
def gather(run: str, width: int) -> int:
    values = _redis.lrange(f"joined:{run}", 0, -1)
    assert len(values) == width, f"{len(values)} results"
    stamp()
    return width


def worker(settings: dict[str, Any]) -> list[str]:
    # The prefetch is read from the environment only.
    return [
        "/usr/bin/env", f"dramatiq_queue_prefetch={settings['prefetch']}", sys.executable, "-m", "dramatiq",
        "--processes", str(settings["processes"]), "--threads", str(settings["threads"]), "bench.contenders.dramatiq",
    ]  # fmt: skip


class Client:
    def tasks(self, count: int, size: int = 0) -> None:
        value = payload(size)
        for _ in range(count):
            work.send(value)

    def chains(self, count: int, length: int, size: int = 0) -> None:
        value = payload(size)
        for _ in range(count):
            dramatiq.pipeline([work.message(value), *(work.message() for _ in range(length - 1))]).run()

    def fan(self, width: int) -> None:
        spread.send(width)

    def ended(self, tasks: int, runs: int) -> bool:
        return not _redis.llen("dramatiq:default") and _redis.dbsize() >= tasks
