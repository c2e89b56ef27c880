"""How long states of each node waited and ran, and what came of them: counts, for Prometheus."""

from exosphere_core.times import Times
from exosphere_worker.outcome import OUTCOME_NAMES


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
