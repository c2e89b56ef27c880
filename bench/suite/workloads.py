"""The ten workloads: what each one does, who takes part, and which figure it is compared by."""

from collections.abc import Callable
from typing import NamedTuple

from bench.suite.alone import fans, hops, starts, wide
from bench.suite.backlog import Parts, concurrent, growth, independent, payloads, scaling
from bench.suite.idle import idle
from bench.suite.sizes import Sizes
from bench.suite.stage import CONTENDERS, OURS, PARTS, PEERS, Plan


class Metric(NamedTuple):
    """The figure that a workload is compared by."""

    name: str
    unit: str
    more_is_better: bool


class Workload(NamedTuple):
    """A workload.

    Attributes:
        contenders: who takes part unless others are named.
        also: other figures that tell something here.
        once: whether one measurement is enough, since it is an average of many or takes long.
    """

    title: str
    measure: Callable[[Plan, Sizes], Parts]
    metric: Metric
    contenders: tuple[str, ...]
    also: tuple[Metric, ...] = ()
    once: bool = False


_SPEED, _MS = Metric("per_s", "tasks/s", True), Metric("ms", "ms", False)
_P99 = Metric("p99_ms", "ms, p99", False)
_JOINING = (OURS, *PEERS)

WORKLOADS: dict[str, Workload] = {
    "W1": Workload("5,000 independent tasks", independent, _SPEED, CONTENDERS),
    "W2": Workload("one chain of 50: a hop, p50", hops, _MS, CONTENDERS, (_P99,)),
    "W3": Workload("200 concurrent chains of 10", concurrent, _SPEED, CONTENDERS),
    "W4": Workload("1 → 1,000 → 1, all results collected", fans, _MS, _JOINING),
    "W5": Workload("idle: from trigger to start, p50", starts, _MS, CONTENDERS, (_P99,)),
    "W6": Workload("1 → 100,000 → 1", wide, _MS, _JOINING, once=True),
    "W7": Workload("100 chains of 5 with a payload", payloads, _SPEED, CONTENDERS, (Metric("mb_per_s", "MB/s", True),)),
    "W8": Workload("1,000 chains of 10, more workers", scaling, _SPEED, _JOINING, once=True),
    "W9": Workload(
        "100 connected workers, no work: commands", idle, Metric("commands", "/s", False), CONTENDERS,
        tuple(Metric(f"{part} %", f"% CPU of {part}", False) for part in PARTS), once=True,
    ),
    "W10": Workload(
        "backlogs while history grows to 1,000,000 states", growth, _SPEED, (OURS,), (Metric("memory_mb", "MB of Redis", False),), once=True,
    ),
}  # fmt: skip
