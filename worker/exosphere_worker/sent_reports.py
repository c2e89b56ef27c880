"""What was reported lately: Redis may acknowledge a report and then lose it, with the last second of its file or by a failover."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from exosphere_worker.outgoing import Outgoing

#: How long a report is kept after it was sent, in s.
KEPT_S: Final = 5.0

#: How much of them is kept, in bytes; the oldest go first.
KEPT_BYTES: Final = 32 * 1024 * 1024


class SentReports:
    """The reports of the last seconds, by state and attempt: that names a delivery for good.

    Ages are judged when Redis is known to be there, so that an outage of any length leaves what was sent before it.
    """

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept_bytes = kept_bytes
        self._sent: OrderedDict[tuple[str, str], tuple[float, Outgoing]] = OrderedDict()
        self._bytes = 0

    def add(self, reports: Iterable[Outgoing], now: float) -> None:
        """Keep reports that Redis acknowledged.

        Args:
            now: monotonic, in s.
        """
        sent = self._sent
        for report in reports:
            key = (report.state, report.attempt)
            if (before := sent.pop(key, None)) is not None:
                self._bytes -= before[1].size
            sent[key] = now, report
            self._bytes += report.size
        self.forget_before(now - KEPT_S)

    def forget_before(self, moment: float) -> None:
        """Drop what was sent before a moment, and the oldest beyond the limit."""
        while self._sent:
            key, (sent, report) = next(iter(self._sent.items()))
            if sent >= moment and self._bytes <= self._kept_bytes:
                return
            del self._sent[key]
            self._bytes -= report.size

    def find(self, state: str, attempt: str) -> Outgoing | None:
        """Return the report of a delivery, if it is kept."""
        found = self._sent.get((state, attempt))
        return None if found is None else found[1]

    def all(self) -> list[Outgoing]:
        """All that is kept, in the order in which it was sent."""
        return [report for _, report in self._sent.values()]

    def __len__(self) -> int:
        return len(self._sent)
