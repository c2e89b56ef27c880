"""What Prometheus reads of a worker: what its runtimes count and how they stand, a line for each process."""

import time
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from exosphere_core.times import Times
from exosphere_worker.vitals import Vitals, health_of

PATH: Final = "/metrics"

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

#: Name of a sample → its own labels, spelled, "" where it has none → value. As JSON, what one process tells another.
Figures = Mapping[str, Mapping[str, float]]


class _Family(NamedTuple):
    kind: str
    meaning: str
    #: The labels that it has beside `process`.
    labels: tuple[str, ...] = ()


FAMILIES: Final = {
    "exosphere_worker_alive": _Family("gauge", "1 while GET /health calls this process alive."),
    "exosphere_worker_slots": _Family("gauge", "States that may run at a time."),
    "exosphere_worker_running": _Family("gauge", "States that run."),
    "exosphere_worker_taken_total": _Family("counter", "Deliveries of states that were taken over."),
    "exosphere_worker_outcomes_total": _Family(
        "counter",
        "Attempts, by what came of them: succeeded, failed, pruned, requeued, released (given back as the worker stopped), lost (with its lease).",
        ("node", "outcome"),
    ),
    "exosphere_worker_waiting_seconds": _Family(
        "histogram",
        "For how long states were ready before they were executed, by the clock of Redis; of those that were reported.",
        ("node",),
    ),
    "exosphere_worker_running_seconds": _Family(
        "histogram", "For how long nodes were executed, of those that returned or raised.", ("node",)
    ),
    "exosphere_worker_reconnects_total": _Family("counter", "Times that Redis answered again after a fault."),
    "exosphere_worker_lost_leases_total": _Family(
        "counter", "Leases that another runtime got (taken), or that a blocked event loop gave up (given_up).", ("how",)
    ),
    "exosphere_worker_loop_stalls_total": _Family("counter", "Times that node code blocked the event loop for 5 s."),
    "exosphere_worker_loop_blocked_seconds": _Family("gauge", "For how long it is blocked now; 0 while it runs."),
    "exosphere_worker_unread_shards": _Family("gauge", "Shards that could not be read at the last try."),
    "exosphere_worker_last_read_seconds": _Family("gauge", "Since Redis last answered a read; none before the first."),
    "exosphere_worker_last_heartbeat_seconds": _Family(
        "gauge", "Since leases were last renewed; none before the first. Only a runtime that holds states renews."
    ),
}

#: The samples that a histogram is made of.
_SUFFIXES: Final = ("_bucket", "_sum", "_count")

#: What is told of a process that does not answer.
SILENT: Final[Figures] = {"exosphere_worker_alive": {"": 0}}


def figures_of(vitals: Vitals, age_s: float) -> dict[str, dict[str, float]]:
    """Return the figures of one runtime.

    Args:
        age_s: as for `health_of`.
    """
    now = time.monotonic()
    last = {"read": vitals.read_at, "heartbeat": vitals.heartbeat_at}
    plain: dict[str, float] = {
        "alive": health_of(vitals, now, age_s).alive,
        "slots": vitals.slots,
        "running": vitals.running,
        "taken_total": vitals.taken,
        "reconnects_total": vitals.reconnects,
        "loop_stalls_total": vitals.stalls,
        "loop_blocked_seconds": vitals.blocked[0],
        "unread_shards": len(vitals.unread),
        **{f"last_{what}_seconds": now - at for what, at in last.items() if at is not None},
    }
    return {
        **{f"exosphere_worker_{name}": {"": value} for name, value in plain.items()},
        "exosphere_worker_lost_leases_total": {
            'how="taken"': vitals.lost_leases,
            'how="given_up"': vitals.given_up_leases,
        },
        **_of_nodes(vitals),
    }


def _of_nodes(vitals: Vitals) -> dict[str, dict[str, float]]:
    told: dict[str, dict[str, float]] = {"exosphere_worker_outcomes_total": {}}
    # A copy: this is another thread than the one that counts.
    for node, counted in list(vitals.nodes.items()):
        label = f'node="{node}"'
        for outcome, count in counted.outcomes.items():
            told["exosphere_worker_outcomes_total"][f'{label},outcome="{outcome}"'] = count
        for name, times in (("waiting", counted.waited), ("running", counted.ran)):
            _add_times(told, f"exosphere_worker_{name}_seconds", label, times)
    return told


def _add_times(told: dict[str, dict[str, float]], name: str, label: str, times: Times) -> None:
    buckets = told.setdefault(f"{name}_bucket", {})
    count = 0
    for bound, count in times.below():
        buckets[f'{label},le="{bound}"'] = count
    told.setdefault(f"{name}_sum", {})[label] = times.total_s
    told.setdefault(f"{name}_count", {})[label] = count


def metrics_text(processes: Sequence[Figures]) -> str:
    """Spell the figures of all processes, of which the first is process 1, in Prometheus' text format."""
    lines: list[str] = []
    for name, family in FAMILIES.items():
        lines += (f"# HELP {name} {family.meaning}", f"# TYPE {name} {family.kind}")
        for number, figures in enumerate(processes, 1):
            for suffix in _SUFFIXES if family.kind == "histogram" else ("",):
                for labels, value in figures.get(name + suffix, {}).items():
                    own = f",{labels}" if labels else ""
                    lines.append(f'{name}{suffix}{{process="{number}"{own}}} {float(value)!r}')
    return "\n".join(lines) + "\n"
