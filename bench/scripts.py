"""The longest scripts on a Redis that does nothing else: what one may hold others up for."""

from statistics import median
from typing import Any

from bench.longest import CASES
from bench.system import System
from bench.workloads import Figure
from exosphere_core.store.calls import Call
from exosphere_core.store.scripts import script

_TIMES = 50


def scripts(system: System) -> list[Figure]:
    """Run each script with all that it may be given, and read its time from the server's own log."""
    figures = []
    for what, cases in CASES.items():
        times = []
        for _, (prepare, measured) in zip(range(_TIMES), cases(), strict=False):
            for call in prepare:
                load(system.redis, call)
                run(system.redis, call)
            load(system.redis, measured)
            system.redis.config_set("slowlog-log-slower-than", 0)
            system.redis.slowlog_reset()
            run(system.redis, measured)
            times.append(max(entry["duration"] for entry in system.redis.slowlog_get(-1)))
            system.redis.config_set("slowlog-log-slower-than", -1)
        name = f"script on an idle Redis: {what}: median, µs"
        figures += [Figure(name, f"{median(times):,.0f}"), Figure("longest of its runs, µs", f"{max(times):,}")]
    return figures


def load(redis: Any, call: Call) -> None:
    """Make a script known to the server."""
    redis.script_load(script(call.name).source)


def run(redis: Any, call: Call) -> None:
    """Run a script that the server knows. One that did nothing would be no measure.

    Raises:
        RuntimeError: it changed nothing.
    """
    reply = redis.evalsha(script(call.name).sha, len(call.keys), *call.keys, *call.args)
    if reply == 0 or (isinstance(reply, list) and reply[0] in (b"stale", b"gap", b"refused", b"unknown")):
        raise RuntimeError(f"{call.name} was to change something and answered {reply}")
