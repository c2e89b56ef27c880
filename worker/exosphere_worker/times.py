"""How long states of each node waited and ran, and what came of them: counts, for Prometheus."""

from bisect import bisect_left
from typing import Final

from exosphere_worker.outcome import OUTCOME_NAMES

#: Upper bounds of the buckets, in s.
BOUNDS_S: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0,
)  # fmt: skip


class Times:
    """Times by bucket. A step in a list, as it is on the way of every state.

    Attributes:
        counts: how many fell into each bucket; the last one has no bound.
        total_s: their sum.
    """

    __slots__ = ("counts", "total_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_S) + 1)
        self.total_s = 0.0

    def note(self, seconds: float) -> None:
        """Count a time."""
        self.counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.total_s += seconds


class NodeTimes:
    """What is counted of one node.

    Attributes:
        waited: from ready to begun, of those that were reported.
        ran: how long the node was executed, of those that returned.
        outcomes: what came of deliveries, by the name of the outcome.
    """

    __slots__ = ("outcomes", "ran", "waited")

    def __init__(self) -> None:
        self.waited = Times()
        self.ran = Times()
        # Every kind from the start: a rate of what appears with its first occurrence would miss that one.
        self.outcomes = dict.fromkeys(OUTCOME_NAMES.values(), 0)


class ByNode(dict[str, NodeTimes]):
    """Node → what is counted of it. A runtime has few nodes and knows them when it starts, so that nothing here grows."""

    def __missing__(self, node: str) -> NodeTimes:
        self[node] = NodeTimes()
        return self[node]
