"""The quick look: W1 and W3 beside Celery and the floor, within a minute."""

import sys
from time import monotonic

from bench.suite.figures import Measured
from bench.suite.run import Choice, measure
from bench.suite.stage import FLOOR, OURS
from bench.suite.table import number, rows

#: No further turn is begun that would end later than this, in s.
_BOUND_S = 50.0


def quick() -> str:
    """Measure as often as there is time for, and tell the medians and the ratios."""
    began, longest = monotonic(), 0.0
    measured: list[Measured] = []
    while not measured or monotonic() - began + longest < _BOUND_S:
        start = monotonic()
        measured += measure(Choice(("W1", "W3"), (OURS, "celery", FLOOR), repeat=1))
        longest = max(longest, monotonic() - start)
    print(f"{monotonic() - began:.0f} s", file=sys.stderr)
    lines = []
    for row in rows(measured):
        ours = row.values[OURS].middle
        told = [
            f"{number(ours / value.middle)} × {name} ({number(value.middle)})"
            for name, value in row.values.items() if name != OURS
        ]  # fmt: skip
        lines.append(f"{row.title}: {number(ours)}; " + "; ".join(told))
    return "\n".join(lines)
