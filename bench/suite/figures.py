"""What was measured, as plain data that can be saved, merged and put into tables."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple


@dataclass
class Measured:
    """What one measurement of one contender gave.

    Attributes:
        variant: which of the sizes of a workload that has several; empty for the others.
        figures: by name, such as `per_s`.
        failed: why there are none.
    """

    workload: str
    contender: str
    durability: str
    variant: str = ""
    figures: dict[str, float] = field(default_factory=dict)
    failed: str = ""


@dataclass
class Report:
    """Measurements, and what they were made with.

    Attributes:
        made: machine, versions of system and server, day; by name.
        contenders: by name, what each tells about itself.
    """

    made: dict[str, str]
    contenders: dict[str, dict[str, Any]]
    measured: list[Measured]

    def save(self, path: Path) -> None:
        """Write it down."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def load(path: Path) -> Report:
    """Read a report.

    Raises:
        ValueError: the file holds none.
    """
    try:
        found = json.loads(path.read_text())
        return Report(found["made"], found["contenders"], [Measured(**row) for row in found["measured"]])
    except (OSError, ValueError, KeyError, TypeError) as broken:
        raise ValueError(f"{path} holds no report of this suite ({type(broken).__name__}: {broken})") from None


def merged(reports: Iterable[Report]) -> Report:
    """Put reports together. What a later one measured takes the place of what earlier ones did of the same.

    Raises:
        ValueError: they were made on different machines.
    """
    whole = Report({}, {}, [])
    for report in reports:
        for what in whole.made.keys() & report.made.keys() - {"day"}:
            if whole.made[what] != report.made[what]:
                raise ValueError(
                    f"reports of different {what}: {whole.made[what]!r} and {report.made[what]!r}; measure all on one"
                )
        again = {_place(row) for row in report.measured}
        whole.measured = [row for row in whole.measured if _place(row) not in again] + report.measured
        whole.made |= report.made
        whole.contenders |= report.contenders
    return whole


def _place(row: Measured) -> tuple[str, str, str, str]:
    return row.workload, row.variant, row.durability, row.contender


class Spread(NamedTuple):
    """A figure over several runs."""

    middle: float
    least: float
    greatest: float


def spread(values: Iterable[float]) -> Spread:
    """The median of some values with the least and the greatest. There must be one at least."""
    listed = list(values)
    return Spread(median(listed), min(listed), max(listed))


def percentile(values: Iterable[float], percent: float) -> float:
    """The least value that so many percent of all are not above."""
    ordered = sorted(values)
    return ordered[max(0, int(-(-len(ordered) * percent // 100)) - 1)]


def advantage(ours: float, theirs: float, more_is_better: bool) -> float:
    """How many times better ours is: 2.0 is twice as fast, or half the time."""
    better, worse = (ours, theirs) if more_is_better else (theirs, ours)
    return better / worse if worse else float("inf")
