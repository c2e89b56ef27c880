"""A bare prototype of the protocol: what this machine gives to whoever moves states through Redis this way.

One state manager process and one worker process, streams between them, one script a state: no graphs, no HTTP,
no retries, no leases. It sends by bursts: the driver's pipelines gave about three quarters as many states.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import uvloop
from redis import Redis as BlockingRedis
from redis.exceptions import ResponseError

from exosphere_core.keys import RUNTIMES_GROUP, STATE_MANAGERS_GROUP, ShardKeys
from exosphere_core.lifeline import Lifeline, watch_lifeline
from exosphere_core.store.burst import Command, burst, transaction
from exosphere_core.store.connection import BLOCK_MS, Redis, connect_untimed
from exosphere_orchestrator.embedded import EmbeddedRedis

_KEYS = ShardKeys("prototype")
_READY = _KEYS.ready("Empty")

#: The most entries that a worker, and a state manager, takes at once.
_SLOTS, _REPORTS = 64, 256

#: Hex digits of a run's id; a state's id has four more, which tell its place in the chain and the chain's last place.
_RUN_DIGITS = 28

#: Makes a task about as long as the product's tasks of such a chain are.
_FILLER = "." * 250

_ADVANCE = """
-- KEYS  state, run, reports, ended runs, next state, its ready stream
-- ARGV  attempt, report id, outputs, run id; of the next state, where there is one: id, task, inputs
local record = redis.call('HMGET', KEYS[1], 'status', 'attempt')
if record[1] == 'CREATED' and record[2] == ARGV[1] then
  redis.call('HSET', KEYS[1], 'status', 'SUCCESS', 'outputs', ARGV[3])
  redis.call('HINCRBY', KEYS[2], 'succeeded', 1)
  if ARGV[5] then
    local entry = redis.call('XADD', KEYS[6], '*', 'state', ARGV[5], 'attempt', '1', 'task', ARGV[6], 'inputs', ARGV[7])
    redis.call('HSET', KEYS[5], 'status', 'CREATED', 'attempt', '1', 'task', ARGV[6], 'inputs', ARGV[7], 'entry', entry)
  else
    local now = redis.call('TIME')
    redis.call('ZADD', KEYS[4], now[1] * 1000 + math.floor(now[2] / 1000), ARGV[4])
  end
end
redis.call('XACK', KEYS[3], 'state-managers', ARGV[2])
redis.call('XDEL', KEYS[3], ARGV[2])
"""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, str]).decode


def states_per_second(chains: int, length: int) -> float:
    """Run a backlog of chains of empty nodes on an embedded Redis of its own.

    Args:
        length: states of each chain, 2 to 255.

    Returns:
        All states over the time from the first state that ends to the last chain that ends, on Redis' clock.

    Raises:
        RuntimeError: one of the processes ended.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="exo-bench-"))
        url = stack.enter_context(EmbeddedRedis(Path(folder))).url
        redis: Any = stack.enter_context(BlockingRedis.from_url(url))
        runs = _fill(redis, chains, length)
        manager = stack.enter_context(_process("state-manager", url))
        # The worker must not get ahead while the state manager is still importing.
        _wait(lambda: redis.info("clients")["blocked_clients"], 1, [manager])
        worker = stack.enter_context(_process("worker", url))
        _wait(lambda: redis.zcard(_KEYS.ended), chains, [manager, worker])
        left = redis.xlen(_READY) + redis.xlen(_KEYS.reports)
        assert left == 0, f"{left} entries are left on the streams"
        second = [redis.hget(_KEYS.state(_state_id(run, 1, length - 1)), "entry") for run in runs]
        began_ms = min(int(entry.partition(b"-")[0]) for entry in second)
        ended_ms = int(redis.zrange(_KEYS.ended, -1, -1, withscores=True)[0][1])
    return chains * length * 1000 / max(1, ended_ms - began_ms)


def _fill(redis: Any, chains: int, length: int) -> list[str]:
    """Make the first state of each chain, ready to be taken, and return the ids of the runs."""
    redis.xgroup_create(_READY, RUNTIMES_GROUP, id="0", mkstream=True)
    redis.xgroup_create(_KEYS.reports, STATE_MANAGERS_GROUP, id="0", mkstream=True)
    runs = [f"{number:0{_RUN_DIGITS}x}" for number in range(chains)]
    pipeline = redis.pipeline(transaction=False)
    for run in runs:
        state = _state_id(run, 0, length - 1)
        record = {"attempt": "1", "task": _task(run, 0), "inputs": b'{"value":"x"}'}
        pipeline.hset(_KEYS.run(run), mapping={"status": "PENDING", "succeeded": 0})
        pipeline.hset(_KEYS.state(state), mapping={"status": "CREATED", **record})
        pipeline.xadd(_READY, {"state": state, **record})
    pipeline.execute()
    return runs


def _state_id(run: str, place: int, last: int) -> str:
    return f"{run}{place:02x}{last:02x}"


def _task(run: str, place: int) -> bytes:
    task = {"run": run, "home": _KEYS.namespace, "graph": "chain", "version": 1, "identifier": f"n{place}"}
    return _encode({**task, "node": "Empty", "rest": _FILLER})


@contextmanager
def _process(part: str, url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the prototype; it ends with the block, or with this process if that is killed."""
    with Lifeline() as lifeline:
        child = subprocess.Popen(
            [sys.executable, "-m", "bench.prototype", part],
            env={**os.environ, **lifeline.environment, "EXOSPHERE_REDIS_URL": url},
            pass_fds=[lifeline.fd],
            cwd=Path(__file__).resolve().parent.parent,
        )
        try:
            yield child
        finally:
            child.kill()
            child.wait()


def _wait(look: Callable[[], int], least: int, children: list[subprocess.Popen[bytes]]) -> None:
    while look() < least:
        for child in children:
            if child.poll() is not None:
                raise RuntimeError(f"a process of the prototype ended with {child.returncode}; see what it wrote above")
        time.sleep(0.1)


async def _work(redis: Redis) -> None:
    """The worker: takes ready states, hands their inputs back as outputs."""
    while True:
        commands: list[Command] = []
        ids: list[bytes] = []
        for entry_id, (_, state, _, attempt, _, _, _, inputs) in await _take(redis, _READY, RUNTIMES_GROUP, _SLOTS):
            outputs = _encode(_decode(inputs))
            commands.append(("XADD", _KEYS.reports, "*", "state", state, "attempt", attempt, "outputs", outputs))
            ids.append(entry_id)
        if ids:
            done: list[Command] = [("XACK", _READY, RUNTIMES_GROUP, *ids), ("XDEL", _READY, *ids)]
            await transaction(redis, commands + done)


async def _manage(redis: Redis) -> None:
    """The state manager: turns each report into one call of the script."""
    (sha,) = await burst(redis, [("SCRIPT", "LOAD", _ADVANCE)])
    while True:
        entries = await _take(redis, _KEYS.reports, STATE_MANAGERS_GROUP, _REPORTS)
        for reply in await burst(redis, [_advance(sha, *entry) for entry in entries]) if entries else ():
            if isinstance(reply, ResponseError):
                raise reply


def _advance(sha: bytes, report: bytes, fields: list[bytes]) -> Command:
    _, name, _, attempt, _, outputs = fields
    state = name.decode()
    run, place, last = state[:_RUN_DIGITS], int(state[-4:-2], 16), int(state[-2:], 16)
    keys = (_KEYS.state(state), _KEYS.run(run), _KEYS.reports, _KEYS.ended)
    if place == last:
        return ("EVALSHA", sha, len(keys), *keys, attempt, report, outputs, run)
    child = _state_id(run, place + 1, last)
    made = (child, _task(run, place + 1), _encode(_decode(outputs)))
    return ("EVALSHA", sha, len(keys) + 2, *keys, _KEYS.state(child), _READY, attempt, report, outputs, run, *made)


async def _take(redis: Redis, stream: str, group: str, count: int) -> list[tuple[bytes, list[bytes]]]:
    """Take entries that nobody has, each an id and its fields' names and values; wait for the first."""
    read = ("XREADGROUP", "GROUP", group, "only", "COUNT", count, "BLOCK", BLOCK_MS, "STREAMS", stream, ">")
    (reply,) = await burst(redis, [read], BLOCK_MS / 1000)
    if isinstance(reply, ResponseError):
        raise reply
    return reply[0][1] if reply else []


_PARTS: dict[str, Callable[[Redis], Awaitable[None]]] = {"worker": _work, "state-manager": _manage}


async def _run(part: str) -> None:
    await _PARTS[part](connect_untimed(os.environ["EXOSPHERE_REDIS_URL"], max_connections=1))


if __name__ == "__main__":
    watch_lifeline()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(sys.argv[1]))
