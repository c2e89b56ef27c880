"""What Prometheus is told of the engine of one state manager, beside its events."""

from collections.abc import Mapping
from typing import Final

from exosphere_core.times import Times
from exosphere_orchestrator.figures import Ended, Fields, Minute

#: The most nodes of namespaces that are told apart: what comes after them is counted as one more.
MOST_NODES: Final = 2000

#: That one. No namespace is called so.
_REST: Final = ("", "")

_ENDS: Final = tuple(ended.value for ended in Ended)


class EngineMetrics:
    """Counts beside the way of a state: once for each batch of reports, and once a second.

    Attributes:
        scripts: how long the scripts of a batch of reports took, from sending them to their last reply.
        reports: how many reports these batches had.
        ended: (namespace of the run, node) → how its attempts ended → how many.
    """

    def __init__(self) -> None:
        self.scripts = Times()
        self.reports = 0
        self.ended: dict[tuple[str, str], dict[str, int]] = {}

    def note_batch(self, reports: int, seconds: float) -> None:
        """The scripts of a batch of reports were applied."""
        self.reports += reports
        self.scripts.note(seconds)

    def note_ends(self, taken: Mapping[Minute, Fields]) -> None:
        """Attempts ended, as the figures of the last second tell."""
        for (namespace, _), fields in taken.items():
            for field, count in fields.items():
                node, _, word = field.rpartition("/")
                if node and word in _ENDS:
                    self._of(namespace, node)[word] += count

    def _of(self, namespace: str, node: str) -> dict[str, int]:
        where = (namespace, node)
        if where not in self.ended and len(self.ended) >= MOST_NODES:
            where = _REST
        # All of them from the start: a rate of what appears with its first occurrence would miss that one.
        return self.ended.setdefault(where, dict.fromkeys(_ENDS, 0))
