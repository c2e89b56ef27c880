"""The floor: nothing but tasks moved through Redis in batches, with this project's own driver.

It has no graphs, leases, retries or state manager: one worker process takes entries off a stream, writes each
result, pushes the successor and acknowledges, all of a batch in one write.
"""

import asyncio
import json
import os
import sys
from typing import Any

import uvloop

from bench.contenders.serve import payload, redis_url
from bench.contenders.stamps import stamp
from exosphere_core.store.burst import Command, burst, transaction
from exosphere_core.store.connection import BLOCK_MS, connect_untimed

PACKAGES = ("redis", "hiredis", "uvloop")
BEST: dict[str, Any] = {"batch": 64}
CHOICES: dict[str, list[Any]] = {"batch": [64, 256]}
GUARANTEE = "an entry stays pending until its result is written, but nobody takes over what a dead worker had"
WRITTEN = "the worker pushes the successor; no joins"

_STREAM, _GROUP, _DONE = "tasks", "workers", "done"


async def _work(batch: int) -> None:
    redis = connect_untimed(redis_url(), max_connections=1)
    read = (
        "XREADGROUP",
        "GROUP",
        _GROUP,
        f"w{os.getpid()}",
        "COUNT",
        batch,
        "BLOCK",
        BLOCK_MS,
        "STREAMS",
        _STREAM,
        ">",
    )
    while True:
        (reply,) = await burst(redis, [read], BLOCK_MS / 1000)
        for entries in [reply[0][1]] if reply else []:
            commands: list[Command] = []
            for entry, (_, run, _, left, _, value) in entries:
                stamp()
                commands.append(("SET", b"result:" + entry, value))
                if int(left):
                    commands.append(_task(run, int(left) - 1, value))
                else:
                    commands.append(("INCR", _DONE))
            ids = [entry for entry, _ in entries]
            await transaction(redis, [*commands, ("XACK", _STREAM, _GROUP, *ids), ("XDEL", _STREAM, *ids)])


def _task(run: bytes | str, left: int, value: bytes | str) -> Command:
    return ("XADD", _STREAM, "*", "run", run, "left", left, "value", value)


def worker(settings: dict[str, Any]) -> list[str]:
    return [sys.executable, "-m", "bench.contenders.floor", json.dumps(settings)]


class Client:
    def __init__(self) -> None:
        self._redis = connect_untimed(redis_url())
        self._grouped = False

    async def tasks(self, count: int, size: int = 0) -> None:
        await self.chains(count, 1, size)

    async def chains(self, count: int, length: int, size: int = 0) -> None:
        if not self._grouped:
            await burst(self._redis, [("XGROUP", "CREATE", _STREAM, _GROUP, "0", "MKSTREAM")])
            self._grouped = True
        value = payload(size)
        for start in range(0, count, 100):
            runs = range(start, min(start + 100, count))
            await burst(self._redis, [_task(str(run), length - 1, value) for run in runs])

    async def ended(self, tasks: int, runs: int) -> bool:
        (done,) = await burst(self._redis, [("GET", _DONE)])
        return int(done or 0) >= runs


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as _runner:
        _runner.run(_work(json.loads(sys.argv[1])["batch"]))
