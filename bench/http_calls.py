"""What calls of the HTTP API take: triggers, and the reads that grow with what there is."""

import asyncio
from collections.abc import Iterable
from statistics import median, quantiles
from time import perf_counter

from bench.http_load import Answer, Ask, play
from bench.system import NAMESPACE, System
from bench.workloads import HOME, Figure, chain, fan, trigger_many, upsert, wait_all
from exosphere_core import api

#: Connections that trigger at a time.
_CONNECTIONS = 16

#: Connections that trigger in bulk at a time, and how many runs a call of them asks for.
_BULK_CONNECTIONS = 2
_RUNS_A_CALL = 2_000

#: How often a read is measured.
_READS = 50


def triggers(system: System, count: int) -> list[Figure]:
    """Trigger calls to one state manager, while no worker runs."""
    _store_graphs(system)
    figures = []
    for what, headed in (("triggers", False), ("triggers with an Idempotency-Key", True)):
        cpu = system.cpu_seconds()
        asks = [
            _trigger(((api.IDEMPOTENCY_KEY_HEADER, f"{what}-{number}".replace(" ", "-")),) if headed else ())
            for number in range(count)
        ]
        began = perf_counter()
        times = [answer.seconds for answer in _played(system, asks, _CONNECTIONS)]
        took = perf_counter() - began
        spent = {name: seconds - cpu[name] for name, seconds in system.cpu_seconds().items()}
        figures += [
            Figure(f"{what}, {_CONNECTIONS} connections, one state manager: per second", f"{count / took:,.0f}"),
            Figure(f"{what}: p50, ms", f"{median(times) * 1000:.1f}"),
            Figure(f"{what}: p99, ms", f"{quantiles(times, n=100)[98] * 1000:.1f}"),
            Figure(f"{what}: CPU of the state manager, µs per call", f"{spent['state manager'] / count * 1e6:,.0f}"),
        ]
    alone = [answer.seconds for answer in _played(system, [_trigger() for _ in range(200)], 1)]
    return [*figures, Figure("one trigger at a time: p50, ms", f"{median(alone) * 1000:.1f}")]


def bulk(system: System, count: int) -> list[Figure]:
    """Bulk triggers to one state manager, while no worker runs and Redis keeps no append-only file."""
    _store_graphs(system)
    system.redis.config_set("appendonly", "no")
    figures = []
    for what, run in (
        ("bulk triggers", {}),
        ("bulk triggers with an input and a store key", {"inputs": {"value": "2026-01-31"}, "store": {"day": "31"}}),
    ):
        system.redis.config_resetstat()
        cpu = system.cpu_seconds()
        body = {"runs": [run] * _RUNS_A_CALL}
        asks = [
            Ask("POST", _path("graph/one/trigger/bulk"), body, ((api.IDEMPOTENCY_KEY_HEADER, f"{len(run)}-{number}"),))
            for number in range(count // _RUNS_A_CALL)
        ]
        began = perf_counter()
        answers = _played(system, asks, _BULK_CONNECTIONS)
        took = perf_counter() - began
        spent = {name: seconds - cpu[name] for name, seconds in system.cpu_seconds().items()}
        script = system.info("commandstats")["cmdstat_evalsha"]
        figures += [
            Figure(
                f"{what}, {_RUNS_A_CALL:,} runs a call, {_BULK_CONNECTIONS} connections, one state manager, appendonly no: runs per second",
                f"{count / took:,.0f}",
            ),
            Figure(f"{what}: a call, median, ms", f"{median(answer.seconds for answer in answers) * 1000:.0f}"),
            *(
                Figure(f"{what}: CPU of the {name}, µs per run", f"{seconds / count * 1e6:.0f}")
                for name, seconds in sorted(spent.items())
            ),
            Figure(f"{what}: mean script run, µs", f"{script['usec_per_call']:.0f}"),
        ]
    return figures


def reads(system: System, runs: int, width: int) -> list[Figure]:
    """The list of runs where there are many, and the structure and the states of a run that has many."""
    _store_graphs(system)
    _played(system, (_trigger() for _ in range(runs)), _CONNECTIONS)
    last_page = -(-runs // 100)
    figures = [
        _read(system, f"runs list at {runs:,} runs, page {page:,} of 100", f"runs/{page}/100")
        for page in (1, last_page)
    ]
    run = asyncio.run(_fan_out(system, width))
    figures += [
        _read(system, f"structure of a run of {width:,} states", f"states/run/{run}/graph"),
        _read(system, f"a run of {width:,} states: details", f"run/{run}"),
        _read(system, f"a run of {width:,} states: page of 100 states", f"run/{run}/states/"),
        _read(system, "queues", "queues/"),
    ]
    return figures


async def _fan_out(system: System, width: int) -> str:
    """Run a fan-out that has so many states with its root and its unite."""
    client = system.client()
    await upsert(client, "fan", fan(width - 2))
    # The backlog of the other runs is not to be waited for.
    for key in system.redis.scan_iter(HOME.ready("*"), count=1000):
        system.redis.xtrim(key, maxlen=0)
    system.start_worker()
    (run,) = await trigger_many(client, "fan", 1)
    await wait_all(client, [run])
    await client.aclose()
    system.stop("worker")
    return run


def _store_graphs(system: System) -> None:
    async def store() -> None:
        client = system.client()
        await upsert(client, "one", chain("Empty", 1))
        await client.aclose()

    asyncio.run(store())


def _trigger(headers: tuple[tuple[str, str], ...] = ()) -> Ask:
    return Ask("POST", f"{_path('graph/one/trigger')}", {}, headers)


def _path(rest: str) -> str:
    return f"{api.NAMESPACE.format(namespace=NAMESPACE)}/{rest}"


def _read(system: System, what: str, rest: str) -> Figure:
    answers = _played(system, [Ask("GET", _path(rest)) for _ in range(_READS)], 1)
    return Figure(
        f"{what} ({answers[0].size / 1000:,.0f} kB): median, ms", f"{median(a.seconds for a in answers) * 1000:.1f}"
    )


def _played(system: System, asks: Iterable[Ask], connections: int) -> list[Answer]:
    """Make calls.

    Raises:
        RuntimeError: one was refused; that would be no measure.
    """
    answers = asyncio.run(play(system.port, asks, connections))
    if refused := {answer.status for answer in answers if answer.status != 200}:
        raise RuntimeError(f"calls were answered {refused}")
    return answers
