"""Times, counted by bucket: what Prometheus calls a histogram."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

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

    def below(self) -> Iterator[tuple[str, int]]:
        """Give each bound, as Prometheus spells it, and how many times do not exceed it; the last one is all of them."""
        return zip((*map(str, BOUNDS_S), "+Inf"), accumulate(self.counts), strict=True)
