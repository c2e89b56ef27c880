"""Faults of a single Redis; connections are killed on any."""

import asyncio
import signal
import time
from random import Random

from redis.exceptions import RedisError

from chaos.faults.fault import EVERYWHERE, Fault, Struck, during
from chaos.stage import Stage
from chaos.topologies.single import SingleServer


def single(stage: Stage) -> SingleServer:
    """The one server, for faults that strike nothing else."""
    assert isinstance(stage.redis, SingleServer)
    return stage.redis


async def kill_redis(stage: Stage, draws: Random) -> Struck:
    at = time.monotonic_ns()
    redis = single(stage)
    redis.process.kill()
    await asyncio.sleep(draws.uniform(0.0, 1.0))
    await redis.process.start()
    return Struck(f"appendfsync {redis.fsync}", at, time.monotonic_ns())


async def freeze_redis(stage: Stage, draws: Random) -> Struck:
    seconds = draws.uniform(0.2, 3.0)
    single(stage).process.signal(signal.SIGSTOP)
    at, healed = await during(seconds)
    single(stage).process.signal(signal.SIGCONT)
    return Struck(f"{seconds:.2f} s", at, healed)


async def debug_sleep(stage: Stage, draws: Random) -> Struck:
    seconds = draws.uniform(0.2, 3.0)
    at = time.monotonic_ns()
    await stage.redis.client.execute_command("DEBUG", "SLEEP", f"{seconds:.2f}")
    return Struck(f"{seconds:.2f} s", at, time.monotonic_ns())


async def client_kill(stage: Stage, draws: Random) -> Struck:
    at = time.monotonic_ns()
    share = draws.choice([0.2, 1.0])
    hit = there = 0
    for redis in await stage.redis.masters():
        clients = await redis.client_list()
        struck = [each for each in clients if each["addr"].startswith("127.0.0.1") and draws.random() < share]
        pipeline = redis.pipeline(transaction=False)
        for each in struck:
            pipeline.execute_command("CLIENT", "KILL", "ID", each["id"])
        await pipeline.execute(raise_on_error=False)
        hit, there = hit + len(struck), there + len(clients)
    return Struck(f"{hit} of {there}", at, time.monotonic_ns())


async def script_flush(stage: Stage, draws: Random) -> Struck:
    at = time.monotonic_ns()
    await stage.redis.client.script_flush()
    return Struck("", at, time.monotonic_ns())


async def full_memory(stage: Stage, draws: Random) -> Struck:
    redis = stage.redis.client
    used = int((await redis.info("memory"))["used_memory"])
    await redis.config_set("maxmemory", max(1, used + draws.choice([-1_000_000, 0, 300_000])))
    at, _ = await during(draws.uniform(0.5, 2.5))
    await redis.config_set("maxmemory", 0)
    return Struck(f"at {used} bytes", at, time.monotonic_ns())


async def full_disk(stage: Stage, draws: Random) -> Struck:
    """The append-only file can't grow: Redis refuses writes (everysec) or ends (always)."""
    redis = single(stage)
    redis.process.limit_files(draws.choice([0, 1, 2000]))
    at, _ = await during(draws.uniform(0.5, 2.5))
    ended = not redis.process.alive
    if ended:
        await redis.process.start()
    else:
        redis.process.limit_files(None)
        await _writable(stage)
    return Struck(f"appendfsync {redis.fsync}, {'it ended' if ended else 'it refused'}", at, time.monotonic_ns())


async def _writable(stage: Stage) -> None:
    while True:
        try:
            await stage.redis.client.execute_command("CONFIG", "RESETSTAT")
            info = await stage.redis.client.info("persistence")
            if info["aof_last_write_status"] == "ok":
                return
        except (RedisError, OSError):
            pass
        await asyncio.sleep(0.02)


FAULTS = [
    Fault("kill_redis", "SIGKILL of Redis, started again", kill_redis, weight=5),
    Fault("freeze_redis", "SIGSTOP of Redis for up to 3 s", freeze_redis),
    Fault("debug_sleep", "DEBUG SLEEP for up to 3 s", debug_sleep),
    Fault("client_kill", "CLIENT KILL of a fifth or all of the connections", client_kill, on=EVERYWHERE, weight=4),
    Fault("script_flush", "SCRIPT FLUSH", script_flush),
    Fault("full_memory", "maxmemory is reached for up to 2.5 s", full_memory),
    Fault("full_disk", "no space under the append-only file for up to 2.5 s", full_disk),
]
