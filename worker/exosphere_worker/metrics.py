"""What Prometheus reads of a worker: what its runtimes count and how they stand, a line for each process."""

import time
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from exosphere_worker.outcome import OUTCOME_NAMES
from exosphere_worker.vitals import Vitals, health_of

PATH: Final = "/metrics"

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

#: Name of a metric → value of its own label ("" where it has none) → value. As JSON, what one process tells another.
Figures = Mapping[str, Mapping[str, float]]


class _Family(NamedTuple):
    kind: str
    meaning: str
    #: The label that it has beside `process`.
    label: str = ""


_FAMILIES: Final = {
    "exosphere_worker_alive": _Family("gauge", "1 while GET /health calls this process alive."),
    "exosphere_worker_slots": _Family("gauge", "States that may run at a time."),
    "exosphere_worker_running": _Family("gauge", "States that run."),
    "exosphere_worker_taken_total": _Family("counter", "Deliveries of states that were taken over."),
    "exosphere_worker_outcomes_total": _Family("counter", "What came of deliveries.", "outcome"),
    "exosphere_worker_reconnects_total": _Family("counter", "Times that Redis answered again after a fault."),
    "exosphere_worker_lost_leases_total": _Family(
        "counter", "Leases that another runtime got (taken), or that a blocked event loop gave up (given_up).", "how"
    ),
    "exosphere_worker_loop_stalls_total": _Family("counter", "Times that node code blocked the event loop for 5 s."),
    "exosphere_worker_loop_blocked_seconds": _Family("gauge", "For how long it is blocked now; 0 while it runs."),
    "exosphere_worker_unread_shards": _Family("gauge", "Shards that could not be read at the last try."),
    "exosphere_worker_last_read_seconds": _Family("gauge", "Since Redis last answered a read; none before the first."),
    "exosphere_worker_last_heartbeat_seconds": _Family(
        "gauge", "Since leases were last renewed; none before the first. Only a runtime that holds states renews."
    ),
}

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
        # Every kind from the start: a rate of what appears with its first occurrence would miss that one.
        "exosphere_worker_outcomes_total": {name: vitals.outcomes[name] for name in OUTCOME_NAMES.values()},
        "exosphere_worker_lost_leases_total": {"taken": vitals.lost_leases, "given_up": vitals.given_up_leases},
    }


def metrics_text(processes: Sequence[Figures]) -> str:
    """Spell the figures of all processes, of which the first is process 1, in Prometheus' text format."""
    lines: list[str] = []
    for name, family in _FAMILIES.items():
        lines += (f"# HELP {name} {family.meaning}", f"# TYPE {name} {family.kind}")
        for number, figures in enumerate(processes, 1):
            for value_of_label, value in figures.get(name, {}).items():
                own = f',{family.label}="{value_of_label}"' if family.label else ""
                lines.append(f'{name}{{process="{number}"{own}}} {float(value)!r}')
    return "\n".join(lines) + "\n"
