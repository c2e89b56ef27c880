"""How long a sweep over a fan-out of 100,000 takes: `python -m reconcile.wide_sweep` in `tests/`."""

import asyncio
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from redis.asyncio import Redis

from engine.world import World, many, node
from exosphere_core.store.catalog import note_namespace
from exosphere_orchestrator.reconcile.mend import Journal
from reconcile.living import new_reconciler
from semantics.proof import _redis_server

_BRANCHES = 100_000


async def measure(url: str) -> None:
    redis = Redis.from_url(url)
    await note_namespace(redis, "ns")
    world = World(redis)
    await world.graph(node("a", ["b"]), node("b", ["u"], x="${{ a.outputs.v }}"), node("u", unites="a", x="1"))
    await world.trigger()
    await world.do("a", many(*(str(number) for number in range(_BRANCHES))))
    reconciler = new_reconciler(redis)
    # The first one looks which runs stand still.
    await reconciler.sweep_pending()
    await _timed(redis, "pending runs", reconciler.sweep_pending)
    await _timed(redis, "everything", reconciler.sweep_all)
    await world.close()
    await redis.aclose()


async def _timed(redis: Redis, name: str, sweep: Callable[[], Awaitable[Journal]]) -> None:
    await redis.config_resetstat()
    await redis.slowlog_reset()
    await redis.config_set("slowlog-log-slower-than", 1000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, cpu = time.monotonic(), time.process_time()
    journal = await sweep()
    took, cpu = time.monotonic() - began, time.process_time() - cpu
    commands = await redis.info("commandstats")
    in_redis = sum(command["usec"] for command in commands.values()) / 1_000_000
    scripts = [entry["duration"] for entry in await redis.slowlog_get(128) if entry["command"].startswith(b"EVALSHA")]
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    print(
        f"{name}: {journal.states:,} states in {took:.1f} s; {cpu:.1f} s of CPU here, {in_redis:.1f} s in Redis; "
        f"slowest script {max(scripts, default=0) / 1000:.1f} ms; {more} MB of memory more; mended {journal.total}"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, _redis_server(Path(folder)) as address:
        asyncio.run(measure(address))
