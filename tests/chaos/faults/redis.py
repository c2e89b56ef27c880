"""Faults of Redis itself."""

import asyncio
import signal
import time
from random import Random

from redis.exceptions import RedisError

from chaos.faults.fault import Fault, Struck, during
from chaos.stage import Stage


async def kill_redis(stage: Stage, draws: Random) -> Struck:
    at = time.monotonic_ns()
    stage.redis.kill()
    await asyncio.sleep(draws.uniform(0.0, 1.0))
    await stage.redis.start()
    return Struck(f"appendfsync {stage.redis.fsync}", at, time.monotonic_ns())


async def freeze_redis(stage: Stage, draws: Random) -> Struck:
    seconds = draws.uniform(0.2, 3.0)
    stage.redis.signal(signal.SIGSTOP)
    at, healed = await during(seconds)
    stage.redis.signal(signal.SIGCONT)
    return Struck(f"{seconds:.2f} s", at, healed)


async def debug_sleep(stage: Stage, draws: Random) -> Struck:
    seconds = draws.uniform(0.2, 3.0)
    at = time.monotonic_ns()
    await stage.redis.client.execute_command("DEBUG", "SLEEP", f"{seconds:.2f}")
    return Struck(f"{seconds:.2f} s", at, time.monotonic_ns())


async def client_kill(stage: Stage, draws: Random) -> Struck:
    at = time.monotonic_ns()
    redis = stage.redis.client
    clients = await redis.client_list()
    share = draws.choice([0.2, 1.0])
    hit = [each for each in clients if each["addr"].startswith("127.0.0.1") and draws.random() < share]
    pipeline = redis.pipeline(transaction=False)
    for each in hit:
        pipeline.execute_command("CLIENT", "KILL", "ID", each["id"])
    await pipeline.execute(raise_on_error=False)
    return Struck(f"{len(hit)} of {len(clients)}", at, time.monotonic_ns())


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
    stage.redis.limit_files(draws.choice([0, 1, 2000]))
    at, _ = await during(draws.uniform(0.5, 2.5))
    ended = not stage.redis.alive
    if ended:
        await stage.redis.start()
    else:
        stage.redis.limit_files(None)
        await _writable(stage)
    return Struck(f"appendfsync {stage.redis.fsync}, {'it ended' if ended else 'it refused'}", at, time.monotonic_ns())


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
    Fault("client_kill", "CLIENT KILL of a fifth or all of the connections", client_kill, weight=4),
    Fault("script_flush", "SCRIPT FLUSH", script_flush),
    Fault("full_memory", "maxmemory is reached for up to 2.5 s", full_memory),
    Fault("full_disk", "no space under the append-only file for up to 2.5 s", full_disk),
]
