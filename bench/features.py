"""What the features of a graph cost: nested and wide fan-outs, retries, cancelling, running again."""

import asyncio
import os
from collections import Counter
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.system import NAMESPACE, System
from bench.workloads import Figure, fan, trigger_many, upsert, wait_all
from exosphere_core import api
from exosphere_core.client import ApiClient
from exosphere_core.store.scripts import script, script_names

#: From here on the server's log notes a command, in µs; and what no script may take.
_NOTED_US, _LIMIT_US = 1000, 5000


def nested(system: System, width: int) -> list[Figure]:
    """`width` × `width` × `width` branches, each level joined by a unite of its own."""
    nodes = [
        _node("a", "Spread", ["b"], width=str(width)),
        _node("b", "Spread", ["c"], width=str(width)),
        _node("c", "Spread", ["d"], width=str(width)),
        _node("d", "Empty", ["uc"], value="${{ c.outputs.value }}"),
        _node("uc", "Gather", ["ub"], unites={"identifier": "c"}, values="${{ d.outputs.value }}"),
        _node("ub", "Gather", ["ua"], unites={"identifier": "b"}, values="${{ uc.outputs.size }}"),
        _node("ua", "Gather", [], unites={"identifier": "a"}, values="${{ ub.outputs.size }}"),
    ]

    async def measure(client: ApiClient) -> list[Figure]:
        await upsert(client, "nested", nodes)
        pauses = _Pauses(system)
        took = [await _whole(client, "nested") for _ in range(4)][1:]
        states = width**3 * 2 + width**2 * 2 + width * 2 + 2
        shape = " × ".join([str(width)] * 3)
        return [
            Figure(f"{shape} with nested unites, {states:,} states: median, ms", f"{sorted(took)[1] * 1000:,.0f}"),
            Figure(f"{shape}: Redis memory, peak after four runs, MB", f"{_peak_of_redis_mb(system):,.1f}"),
            *pauses.figures(shape),
        ]

    return _with_worker(system, measure)


def wide(system: System, width: int) -> list[Figure]:
    """1 → `width` → 1, once."""

    async def measure(client: ApiClient) -> list[Figure]:
        await upsert(client, "wide", fan(width))
        pauses = _Pauses(system)
        before = int(system.info("memory")["used_memory"])
        took = await _whole(client, "wide")
        memory = system.info("memory")
        what = f"1 → {width:,} → 1 with a unite"
        return [
            Figure(f"{what}: s", f"{took:,.1f}"),
            Figure(f"{what}: Redis memory, peak, MB", f"{(int(memory['used_memory_peak']) - before) / 1e6:,.0f}"),
            Figure(f"{what}: Redis memory, kept, MB", f"{(int(memory['used_memory']) - before) / 1e6:,.0f}"),
            Figure(f"{what}: peak of the state manager's memory, MB", f"{_peak_mb(system):,.0f}"),
            *pauses.figures(what),
        ]

    return _with_worker(system, measure)


def retries(system: System, width: int) -> list[Figure]:
    """`width` branches that fail once and are retried after 1 ms; then all that failed for good is retried by hand."""
    policy = {"max_retries": 1, "strategy": "FIXED", "backoff_factor": 1}
    nodes = [
        _node("a", "Spread", ["b"], width=str(width)),
        _node("b", "Flaky", ["u"], fails_until="1", retry_policy=policy),
        _node("u", "Gather", [], unites={"identifier": "a"}, values="${{ b.outputs.value }}"),
    ]
    broken = [{**nodes[0]}, {**nodes[1], "inputs": {"fails_until": "9"}}, {**nodes[2]}]

    async def measure(client: ApiClient) -> list[Figure]:
        await upsert(client, "retries", nodes)
        took = await _whole(client, "retries")
        await upsert(client, "broken", broken)
        (run,) = await trigger_many(client, "broken", 1)
        await _ended(client, run)
        began = perf_counter()
        answer = await client.call(api.RETRY_RUN, namespace=NAMESPACE, run_id=run, timeout_s=60)
        by_hand = perf_counter() - began
        assert answer["count"] == width, answer["count"]
        return [
            Figure(f"1 → {width:,} → 1, each branch fails once and is retried: ms", f"{took * 1000:,.0f}"),
            Figure(f"{width:,} failed states retried by hand in one call: ms", f"{by_hand * 1000:,.0f}"),
        ]

    return _with_worker(system, measure)


def steering(system: System, width: int) -> list[Figure]:
    """A run with `width` pending states is cancelled; one that ended is run again from its last node."""
    policy = {"max_retries": 1, "strategy": "FIXED", "backoff_factor": 600_000}
    waits = [
        _node("a", "Spread", ["b"], width=str(width)),
        _node("b", "Flaky", [], fails_until="1", retry_policy=policy),
    ]

    async def measure(client: ApiClient) -> list[Figure]:
        await upsert(client, "fan", fan(width))
        await upsert(client, "waiting", waits)
        (run,) = await trigger_many(client, "fan", 1)
        await _ended(client, run)
        began = perf_counter()
        answer = await client.call(api.RERUN, namespace=NAMESPACE, run_id=run, body={"identifier": "all"}, timeout_s=60)
        await _ended(client, answer["run_id"])
        again = perf_counter() - began
        (run,) = await trigger_many(client, "waiting", 1)
        waiting = 0
        while waiting < width:
            look = await client.call(api.WAIT_RUN, namespace=NAMESPACE, run_id=run, query={"timeout_ms": 20})
            waiting = look["retried_count"]
        began = perf_counter()
        ended = await client.call(api.CANCEL_RUN, namespace=NAMESPACE, run_id=run)
        cancelled = perf_counter() - began
        return [
            Figure(f"1 → {width:,} → 1 run again from its last node: ms", f"{again * 1000:,.0f}"),
            Figure(f"a run with {ended['cancelled_count']:,} pending states cancelled: ms", f"{cancelled * 1000:,.0f}"),
        ]

    return _with_worker(system, measure)


def _node(identifier: str, name: str, following: list[str], **rest: Any) -> dict[str, Any]:
    own: dict[str, Any] = {key: rest.pop(key) for key in ("unites", "retry_policy") if key in rest}
    return {
        "node_name": name, "namespace": NAMESPACE, "identifier": identifier, "inputs": rest, "next_nodes": following,
        **own,
    }  # fmt: skip


def _with_worker(system: System, measure: Any) -> list[Figure]:
    async def whole() -> list[Figure]:
        client = system.client()
        figures: list[Figure] = await measure(client)
        await client.aclose()
        return figures

    system.start_worker()
    figures = asyncio.run(whole())
    system.stop("worker")
    return figures


async def _whole(client: ApiClient, graph: str) -> float:
    began = perf_counter()
    await wait_all(client, await trigger_many(client, graph, 1))
    return perf_counter() - began


async def _ended(client: ApiClient, run: str) -> None:
    while True:
        answer = await client.call(api.WAIT_RUN, namespace=NAMESPACE, run_id=run, query={"timeout_ms": 60_000})
        if answer["status"] != "PENDING":
            return


def _peak_mb(system: System) -> float:
    status = Path(f"/proc/{system.children['state manager'].pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _peak_of_redis_mb(system: System) -> float:
    return int(system.info("memory")["used_memory_peak"]) / 1e6


#: Digest of a script → its name.
_NAMES = {script(name).sha: name for name in script_names()}


class _Pauses:
    """Which commands took long by the wall clock while three processes shared two cores, and how long Redis stood still.

    A plain command (`HSET`, `EXISTS`, `XACK` of one entry), those inside scripts included, works for some µs. When
    such ones are noted as well, the clock has counted time in which Redis was ready to run and did not: another
    process, or another guest of the host, had the core.
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self._redis = system.redis
        self._redis.config_resetstat()
        self._redis.config_set("slowlog-max-len", 100_000)
        self._redis.config_set("slowlog-log-slower-than", _NOTED_US)
        self._redis.slowlog_reset()
        self._waited, self._stolen = self._waited_s(), _stolen_s()

    def figures(self, what: str) -> list[Figure]:
        """The figures since it was made."""
        waited, stolen = self._waited_s() - self._waited, _stolen_s() - self._stolen
        entries = self._redis.slowlog_get(-1)
        noted = [(entry["command"].startswith(b"EVALSHA"), int(entry["duration"])) for entry in entries]
        slow = Counter(_script_of(entry["command"]) for entry in entries if int(entry["duration"]) > _LIMIT_US)
        slow.pop("", None)
        scripts = [took for is_script, took in noted if is_script]
        plain = [took for is_script, took in noted if not is_script]
        stats = self._system.info("commandstats")
        total = int(stats["cmdstat_evalsha"]["calls"])
        return [
            Figure(f"{what}: scripts run", f"{total:,}"),
            Figure(
                f"{what}: scripts over {_LIMIT_US:,} µs of wall clock",
                f"{slow.total()}" + "".join(f", {name} {count}" for name, count in slow.most_common()),
            ),
            Figure(f"{what}: slowest script, µs of wall clock", f"{max(scripts, default=_NOTED_US):,}"),
            Figure(
                f"{what}: plain commands over {_LIMIT_US:,} µs of wall clock",
                f"{sum(took > _LIMIT_US for took in plain)}",
            ),
            Figure(f"{what}: slowest plain command, µs of wall clock", f"{max(plain, default=_NOTED_US):,}"),
            Figure(f"{what}: Redis was ready and waited for a core, ms", f"{waited * 1000:,.0f}"),
            Figure(f"{what}: the host gave the cores to others (steal), ms", f"{stolen * 1000:,.0f}"),
        ]

    def _waited_s(self) -> float:
        pid = self._system.info("server")["process_id"]
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def _stolen_s() -> float:
    """How long all cores together were not ours although something was to be done, since the machine started."""
    with open("/proc/stat", encoding="ascii") as file:
        return int(file.readline().split()[8]) / os.sysconf("SC_CLK_TCK")


def _script_of(command: bytes) -> str:
    """The name of the script that a command runs, or ""."""
    words = command.split(b" ", 2)
    return _NAMES.get(words[1].decode(), "unknown") if words[0] == b"EVALSHA" else ""
