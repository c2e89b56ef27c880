"""The workloads and their figures."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from statistics import quantiles
from time import perf_counter
from typing import Any, NamedTuple

from bench.prototype import states_per_second
from bench.system import NAMESPACE, System
from exosphere_core import api
from exosphere_core.client import ApiClient
from exosphere_core.keys import ShardKeys

HOME = ShardKeys(NAMESPACE)
CHAIN = 10

#: Triggers under way at once.
_CLIENTS = 32


class Figure(NamedTuple):
    """One row of the table."""

    name: str
    value: str


def chain(node: str, length: int) -> list[dict[str, Any]]:
    """A graph of nodes in a row."""
    return [
        {
            "node_name": node,
            "namespace": NAMESPACE,
            "identifier": f"n{place}",
            "inputs": {"value": "x" if place == 0 else f"${{{{ n{place - 1}.outputs.value }}}}"},
            "next_nodes": [f"n{place + 1}"] if place + 1 < length else [],
        }
        for place in range(length)
    ]


def fan(width: int) -> list[dict[str, Any]]:
    """A graph that fans out and unites."""
    nodes = [
        {"node_name": "Spread", "identifier": "spread", "inputs": {"width": str(width)}, "next_nodes": ["each"]},
        {"node_name": "Empty", "identifier": "each", "inputs": {"value": "${{ spread.outputs.value }}"}, "next_nodes": ["all"]},
        {"node_name": "Gather", "identifier": "all", "inputs": {"values": "${{ each.outputs.value }}"}, "unites": {"identifier": "spread"}},
    ]  # fmt: skip
    return [{**node, "namespace": NAMESPACE} for node in nodes]


async def upsert(client: ApiClient, graph: str, nodes: list[dict[str, Any]]) -> None:
    """Store a graph."""
    answer = await client.call(api.UPSERT_GRAPH, namespace=NAMESPACE, graph_name=graph, body={"nodes": nodes})
    assert answer["validation_status"] == "VALID", answer["validation_errors"]


async def trigger_many(client: ApiClient, graph: str, count: int) -> list[str]:
    """Trigger runs over HTTP, several calls at a time."""
    runs: list[str] = []
    left = iter(range(count))

    async def one_client() -> None:
        for _ in left:
            answer = await client.call(api.TRIGGER, namespace=NAMESPACE, graph_name=graph, body={})
            runs.append(answer["run_id"])

    await asyncio.gather(*(one_client() for _ in range(_CLIENTS)))
    return runs


async def wait_all(client: ApiClient, runs: Sequence[str]) -> None:
    """Wait until the runs have ended, in success."""
    for run in runs:
        while True:
            answer = await client.call(api.WAIT_RUN, namespace=NAMESPACE, run_id=run, query={"timeout_ms": 60_000})
            if answer["status"] != "PENDING":
                assert answer["status"] == "SUCCESS", answer
                break


def _wait_until_ended(system: System, count: int) -> None:
    """Wait without asking the state manager, which is being measured."""
    import time

    while int(system.redis.zcard(HOME.ended)) < count:
        time.sleep(0.1)


def throughput(system: System, runs: int) -> list[Figure]:
    """A backlog of chains is triggered while no worker runs; then one worker takes it."""
    redis = system.redis

    async def fill() -> tuple[list[str], float]:
        client = system.client()
        await upsert(client, "chain", chain("Empty", CHAIN))
        began = perf_counter()
        ids = await trigger_many(client, "chain", runs)
        took = perf_counter() - began
        await client.aclose()
        return ids, took

    empty = int(system.info("memory")["used_memory"])
    ids, took = asyncio.run(fill())
    waiting = int(system.info("memory")["used_memory"])
    redis.config_resetstat()
    redis.slowlog_reset()
    redis.config_set("slowlog-log-slower-than", 1000)
    before = system.cpu_seconds()
    system.start_worker()
    _wait_until_ended(system, runs)
    after = system.cpu_seconds()
    states = runs * CHAIN
    firsts = [redis.hget(HOME.state(_root(redis, run)), "updated_at") for run in ids]
    lasts = [redis.hget(HOME.run(run), "ended_at") for run in ids]
    span_s = (max(int(last) for last in lasts) - min(int(first) for first in firsts)) / 1000
    finished = int(system.info("memory")["used_memory"])
    stats = system.info("commandstats")
    calls = sum(row["calls"] for row in stats.values())
    scripts = stats["cmdstat_evalsha"]
    slow = [entry for entry in redis.slowlog_get(128) if entry["command"].startswith(b"EVALSHA")]
    slowest = max((entry["duration"] for entry in slow), default=0)
    cpu = {name: after[name] - before.get(name, 0.0) for name in after}
    figures = [
        Figure(f"{runs} chains of {CHAIN}, backlog: states per second", f"{states / span_s:,.0f}"),
        Figure("triggers over HTTP per second, one state manager", f"{runs / took:,.0f}"),
        *(
            Figure(f"CPU of the {name}, µs per state", f"{seconds / states * 1e6:.0f}")
            for name, seconds in sorted(cpu.items())
        ),
        Figure("script runs per state", f"{scripts['calls'] / states:.2f}"),
        Figure("mean script run, µs", f"{scripts['usec_per_call']:.1f}"),
        Figure(
            "slowest script run, µs of wall clock (three processes share two cores)",
            f"{slowest:,}" if slowest else "under 1,000",
        ),
        Figure("Redis commands per state, those inside scripts included", f"{calls / states:.1f}"),
        Figure("Redis memory per waiting run of one state, bytes", f"{(waiting - empty) / runs:,.0f}"),
        Figure("Redis memory per finished state, bytes", f"{(finished - empty) / states:,.0f}"),
    ]
    system.stop("worker")
    return figures


def prototype(runs: int) -> list[Figure]:
    """The same chains as a backlog of the protocol alone; it needs no system."""
    speed = states_per_second(runs, CHAIN)
    return [Figure(f"bare prototype of the protocol, {runs} chains of {CHAIN}: states per second", f"{speed:,.0f}")]


def _root(redis: Any, run: str) -> str:
    return str(redis.hget(HOME.run(run), "root").decode())


def end_to_end(system: System, runs: int) -> list[Figure]:
    """Chains are triggered over HTTP while the worker runs."""

    async def trigger(count: int) -> None:
        client = system.client()
        await upsert(client, "chain", chain("Empty", CHAIN))
        await trigger_many(client, "chain", count)
        await client.aclose()

    system.start_worker()
    asyncio.run(trigger(20))
    _wait_until_ended(system, 20)
    began = perf_counter()
    asyncio.run(trigger(runs))
    _wait_until_ended(system, 20 + runs)
    took = perf_counter() - began
    system.stop("worker")
    return [
        Figure(f"{runs} chains of {CHAIN}, triggered while they run: states per second", f"{runs * CHAIN / took:,.0f}")
    ]


def hops(system: System, runs: int) -> list[Figure]:
    """One chain at a time on an idle system: from the start of one node to the start of the next."""

    async def measure() -> list[float]:
        client = system.client()
        await upsert(client, "stamps", chain("Stamp", CHAIN))
        gaps: list[float] = []
        for number in range(runs + 5):
            (run,) = await trigger_many(client, "stamps", 1)
            await wait_all(client, [run])
            ids = [raw.decode() for raw in system.redis.lrange(HOME.states(run), 0, -1)]
            stamps = [int(system.redis.hget(HOME.state(state), "outputs").split(b'"')[3]) for state in ids]
            if number >= 5:
                gaps += [(later - sooner) / 1e6 for sooner, later in pairwise(stamps)]
        await client.aclose()
        return gaps

    system.start_worker()
    gaps = asyncio.run(measure())
    system.stop("worker")
    cuts = quantiles(gaps, n=100)
    return [
        Figure(f"hop of a chain on an idle system, {runs} chains: p50, ms", f"{cuts[49]:.2f}"),
        Figure("p99, ms", f"{cuts[98]:.2f}"),
    ]


def fan_out(system: System, width: int) -> list[Figure]:
    """1 → width → 1, from the trigger call to the end of the run."""

    async def measure() -> list[float]:
        client = system.client()
        await upsert(client, "fan", fan(width))
        took = []
        for number in range(6):
            began = perf_counter()
            await wait_all(client, await trigger_many(client, "fan", 1))
            if number:
                took.append(perf_counter() - began)
        await client.aclose()
        return took

    system.start_worker()
    took = sorted(asyncio.run(measure()))
    system.stop("worker")
    return [
        Figure(f"1 → {width:,} → 1 with a unite: median of {len(took)}, ms", f"{took[len(took) // 2] * 1000:,.0f}"),
        Figure("slowest, ms", f"{took[-1] * 1000:,.0f}"),
    ]


def idle(system: System, seconds: float) -> list[Figure]:
    """What a system with nothing to do asks of Redis."""
    import time

    system.start_worker()
    time.sleep(2)
    system.redis.config_resetstat()
    time.sleep(seconds)
    calls = sum(row["calls"] for row in system.info("commandstats").values())
    system.stop("worker")
    return [Figure("idle: Redis commands per second, one state manager and one worker", f"{calls / seconds:.1f}")]


def floor(system: System) -> list[Figure]:
    """What this machine gives at this hour, to hold the other figures against."""
    sha = system.redis.script_load("return 1")
    keys, args = [f"exo:{{bench:0}}:key:{number:032d}" for number in range(9)], ["x" * 35] * 20
    began = perf_counter()
    for _ in range(20):
        pipeline = system.redis.pipeline(transaction=False)
        for _ in range(500):
            pipeline.evalsha(sha, len(keys), *keys, *args)
        pipeline.execute()
    scripts = 10_000 / (perf_counter() - began)
    best = min(_squares() for _ in range(20))
    return [
        Figure("machine: empty scripts per second, sent by the driver's pipeline", f"{scripts:,.0f}"),
        Figure("machine: Python's sum of 100,000 squares, ms", f"{best * 1000:.1f}"),
    ]


def _squares() -> float:
    began = perf_counter()
    sum(number * number for number in range(100_000))
    return perf_counter() - began
