"""Faults that take data away from a Redis that runs, or from its file."""

import asyncio
import time
from random import Random

from chaos.fate import RANDOM_NODES
from chaos.faults.fault import Fault, Struck
from chaos.faults.redis import single
from chaos.faults.replay import sent_again, wait_until_sent_again
from chaos.stage import Stage
from exosphere_core.keys import RUNTIMES_GROUP, STATE_MANAGERS_GROUP

#: How long writing the file anew may take, in s.
_REWRITE_S = 60.0


def _queue(stage: Stage, draws: Random) -> tuple[str, str]:
    home = draws.choice(stage.homes)
    queues = [(home.ready(node), RUNTIMES_GROUP) for node in ("Work", "Work", "Gather", *RANDOM_NODES[:3])]
    return draws.choice([*queues, (home.reports, STATE_MANAGERS_GROUP), (home.reports, STATE_MANAGERS_GROUP)])


async def cut_file(stage: Stage, draws: Random) -> Struck:
    """Power fails: the last bytes of the append-only file never reached the disk."""
    count = draws.choice([draws.randrange(1, 300), draws.randrange(1, 30_000)])
    written = await stage.redis.client.info("persistence")
    # What the last rewrite of the file wrote was on the disk before Redis went over to it.
    count = max(1, min(count, int(written["aof_current_size"]) - int(written["aof_base_size"])))
    sent = sent_again(stage)
    process = single(stage).process
    at = time.monotonic_ns()
    process.kill()
    process.cut_tail(count)
    await process.start()
    await _write_anew(stage)
    healed = time.monotonic_ns()
    await wait_until_sent_again(stage, sent)
    return Struck(f"{count} bytes", at, healed)


async def _write_anew(stage: Stage) -> None:
    """What the embedded server does at each start, and waits for: where Redis ends again before the file is written anew,
    what is written behind a torn transaction makes it whole."""
    await stage.redis.client.bgrewriteaof()
    async with asyncio.timeout(_REWRITE_S):
        while True:
            facts = await stage.redis.client.info("persistence")
            if not (facts["aof_rewrite_in_progress"] or facts["aof_rewrite_scheduled"]):
                break
            await asyncio.sleep(0.01)
    assert facts["aof_last_bgrewrite_status"] == "ok", facts


async def delete_stream(stage: Stage, draws: Random) -> Struck:
    stream, _ = _queue(stage, draws)
    at = time.monotonic_ns()
    await stage.redis.client.delete(stream)
    return Struck(stream, at, time.monotonic_ns())


async def destroy_group(stage: Stage, draws: Random) -> Struck:
    stream, group = _queue(stage, draws)
    at = time.monotonic_ns()
    await stage.redis.client.xgroup_destroy(stream, group)
    return Struck(f"{group} of {stream}", at, time.monotonic_ns())


FAULTS = [
    Fault("cut_file", "the tail of the append-only file is cut off", cut_file, loses=True),
    Fault("delete_stream", "a queue is deleted", delete_stream, loses=True),
    Fault("destroy_group", "a consumer group is destroyed", destroy_group, loses=True),
]
