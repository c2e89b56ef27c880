"""Faults that take data away from a Redis that runs, or from its file."""

import time
from random import Random

from chaos.fate import RANDOM_NODES
from chaos.faults.fault import HOME, Fault, Struck
from chaos.stage import Stage
from exosphere_core.keys import RUNTIMES_GROUP, STATE_MANAGERS_GROUP


def _queue(draws: Random) -> tuple[str, str]:
    queues = [(HOME.ready(node), RUNTIMES_GROUP) for node in ("Work", "Work", "Gather", *RANDOM_NODES[:3])]
    return draws.choice([*queues, (HOME.reports, STATE_MANAGERS_GROUP), (HOME.reports, STATE_MANAGERS_GROUP)])


async def cut_file(stage: Stage, draws: Random) -> Struck:
    """Power fails: the last bytes of the append-only file never reached the disk."""
    at = time.monotonic_ns()
    stage.redis.kill()
    count = draws.choice([draws.randrange(1, 300), draws.randrange(1, 30_000)])
    stage.redis.cut_tail(count)
    await stage.redis.start()
    # What the embedded server does after each start: a torn transaction must not be read twice.
    await stage.redis.client.bgrewriteaof()
    return Struck(f"{count} bytes", at, time.monotonic_ns())


async def delete_stream(stage: Stage, draws: Random) -> Struck:
    stream, _ = _queue(draws)
    at = time.monotonic_ns()
    await stage.redis.client.delete(stream)
    return Struck(stream, at, time.monotonic_ns())


async def destroy_group(stage: Stage, draws: Random) -> Struck:
    stream, group = _queue(draws)
    at = time.monotonic_ns()
    await stage.redis.client.xgroup_destroy(stream, group)
    return Struck(f"{group} of {stream}", at, time.monotonic_ns())


FAULTS = [
    Fault("cut_file", "the tail of the append-only file is cut off", cut_file, loses=True, asked=True),
    Fault("delete_stream", "a queue is deleted", delete_stream, loses=True, asked=True),
    Fault("destroy_group", "a consumer group is destroyed", destroy_group, loses=True, asked=True),
]
