"""Faults of a master that Sentinels watch."""

import time
from random import Random

from chaos.faults.fault import SENTINEL, Fault, Struck
from chaos.faults.replay import sent_again, wait_until_sent_again
from chaos.stage import Stage
from chaos.topologies.watched import SERVICE, WatchedServers


def _watched(stage: Stage) -> WatchedServers:
    assert isinstance(stage.redis, WatchedServers)
    return stage.redis


async def sentinel_failover(stage: Stage, draws: Random) -> Struck:
    """The master dies, the Sentinels make the replica the master, and have the old one follow it when it comes back."""
    redis = _watched(stage)
    old = await redis.ready()
    sent = sent_again(stage)
    at = time.monotonic_ns()
    old.kill()
    await redis.wait_for_successor(old)
    healed = time.monotonic_ns()
    await old.start()
    await wait_until_sent_again(stage, sent)
    return Struck(f"the master at {old.port}", at, healed)


async def sentinel_command(stage: Stage, draws: Random) -> Struck:
    """An operator has the master replaced while it is well."""
    redis = _watched(stage)
    old = await redis.ready()
    sent = sent_again(stage)
    at = time.monotonic_ns()
    await draws.choice(redis.sentinels).ask("SENTINEL", "FAILOVER", SERVICE)
    await redis.wait_for_successor(old)
    healed = time.monotonic_ns()
    await wait_until_sent_again(stage, sent)
    return Struck(f"the master at {old.port}", at, healed)


FAULTS = [
    Fault(
        "sentinel_failover",
        "SIGKILL of a master that Sentinels watch: its replica becomes the master, it comes back as a replica",
        sentinel_failover,
        on=(SENTINEL,),
        weight=4,
        loses=True,
    ),
    Fault(
        "sentinel_command",
        "SENTINEL FAILOVER: the replica becomes the master while the old one is well",
        sentinel_command,
        on=(SENTINEL,),
        weight=4,
        loses=True,
    ),
]
