"""Faults that take data away from a Redis that runs, or from its file."""

import asyncio
import time
from random import Random

from chaos.fate import RANDOM_NODES
from chaos.faults.fault import HOME, Fault, Struck
from chaos.stage import Stage
from exosphere_core.keys import RUNTIMES_GROUP, STATE_MANAGERS_GROUP

#: A state manager that answered nothing in the last seconds has nothing to send; it is not waited for beyond this, in s.
_SENT_WITHIN_S = 8.0


def _queue(draws: Random) -> tuple[str, str]:
    queues = [(HOME.ready(node), RUNTIMES_GROUP) for node in ("Work", "Work", "Gather", *RANDOM_NODES[:3])]
    return draws.choice([*queues, (HOME.reports, STATE_MANAGERS_GROUP), (HOME.reports, STATE_MANAGERS_GROUP)])


async def cut_file(stage: Stage, draws: Random) -> Struck:
    """Power fails: the last bytes of the append-only file never reached the disk."""
    count = draws.choice([draws.randrange(1, 300), draws.randrange(1, 30_000)])
    written = await stage.redis.client.info("persistence")
    # What the last rewrite of the file wrote was on the disk before Redis went over to it.
    count = max(1, min(count, int(written["aof_current_size"]) - int(written["aof_base_size"])))
    sent = _sent_again(stage)
    at = time.monotonic_ns()
    stage.redis.kill()
    stage.redis.cut_tail(count)
    await stage.redis.start()
    # What the embedded server does after each start: a torn transaction must not be read twice.
    await stage.redis.client.bgrewriteaof()
    healed = time.monotonic_ns()
    # What the API answered in the last moment is known to its state manager alone until that has sent it again. To lose
    # both is to lose more than is promised.
    deadline = time.monotonic() + _SENT_WITHIN_S
    while time.monotonic() < deadline and any(
        count <= sent.get(name, -1) for name, count in _sent_again(stage).items()
    ):
        await asyncio.sleep(0.05)
    return Struck(f"{count} bytes", at, healed)


def _sent_again(stage: Stage) -> dict[str, int]:
    """How often each state manager that runs applied again what it had answered."""
    running = [name for name in stage.managers if stage.stack.processes[name].poll() is None]
    return {name: stage.stack.log(name).count("were applied again") for name in running}


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
    Fault("cut_file", "the tail of the append-only file is cut off", cut_file, loses=True),
    Fault("delete_stream", "a queue is deleted", delete_stream, loses=True),
    Fault("destroy_group", "a consumer group is destroyed", destroy_group, loses=True),
]
