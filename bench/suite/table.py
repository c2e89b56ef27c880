"""Tables of what was measured, as Markdown: one row a workload, one column a contender, with ratios."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from bench.suite.figures import Measured, Spread, advantage, spread
from bench.suite.servers import DURABILITY
from bench.suite.stage import CONTENDERS, OURS, PARTS
from bench.suite.workloads import WORKLOADS, Metric

#: Figures that a task costs, by the heading of their column.
_COSTS = {
    **{f"CPU of {part}, µs": f"{part} µs" for part in PARTS},
    "commands": "commands", "memory kept, bytes": "bytes", "memory of a waiting run, bytes": "waiting_bytes",
    "runs enqueued per s": "enqueued_per_s",
}  # fmt: skip


class Row(NamedTuple):
    """One figure of one workload at one size, of all contenders."""

    workload: str
    variant: str
    durability: str
    metric: Metric
    values: dict[str, Spread]

    @property
    def title(self) -> str:
        """What the row tells."""
        variant = f", {self.variant}" if self.variant else ""
        return f"{self.workload} {WORKLOADS[self.workload].title}{variant}: {self.metric.unit}"


def rows(measured: Sequence[Measured]) -> list[Row]:
    """The rows of the comparison, in order of workload, size and durability."""
    found = []
    for workload, about in WORKLOADS.items():
        for variant, durability in _settings(measured, workload):
            for metric in (about.metric, *about.also):
                values: dict[str, list[float]] = {}
                for one in measured:
                    same = (one.workload, one.variant, one.durability) == (workload, variant, durability)
                    if same and metric.name in one.figures:
                        values.setdefault(one.contender, []).append(one.figures[metric.name])
                if values:
                    spreads = {name: spread(values[name]) for name in CONTENDERS if name in values}
                    found.append(Row(workload, variant, durability, metric, spreads))
    return found


def comparison(measured: Sequence[Measured]) -> str:
    """Everybody's medians, with the least and the greatest of the runs, and how many times better ours are."""
    names = [name for name in CONTENDERS if any(one.contender == name for one in measured)]
    table = [["what", "durability", *names]]
    for row in rows(measured):
        cells = [_cell(row, name) for name in names]
        table.append([row.title, row.durability, *cells])
    return markdown(table)


def costs(measured: Sequence[Measured]) -> str:
    """What a task costs each contender, at the medians of the runs."""
    table = [["what", "durability", "who", *_COSTS]]
    for workload in WORKLOADS:
        for variant, durability in _settings(measured, workload):
            for name in CONTENDERS:
                same = [
                    one.figures for one in measured
                    if (one.workload, one.variant, one.durability, one.contender) == (workload, variant, durability, name)
                    and "bytes" in one.figures
                ]  # fmt: skip
                if same:
                    table.append([f"{workload} {variant}".strip(), durability, name, *_medians(same)])
    return markdown(table)


def failures(measured: Sequence[Measured]) -> list[str]:
    """What did not come to an end, each once."""
    said = [
        f"{one.workload} with {one.durability}, {one.contender}: {one.failed}" for one in measured if one.failed
    ]  # fmt: skip
    return list(dict.fromkeys(said))


def markdown(table: Iterable[Sequence[str]]) -> str:
    """Text of a table whose first row is its head."""
    head, *body = table
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *body])


def number(value: float) -> str:
    """A figure with three digits that tell something."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _settings(measured: Sequence[Measured], workload: str) -> Iterator[tuple[str, str]]:
    found = dict.fromkeys((one.variant, one.durability) for one in measured if one.workload == workload and one.figures)
    # What was measured later may stand at the end.
    variants, durabilities = list(dict.fromkeys(variant for variant, _ in found)), list(DURABILITY)
    yield from sorted(found, key=lambda one: (durabilities.index(one[1]), variants.index(one[0])))


def _cell(row: Row, name: str) -> str:
    if name not in row.values:
        return "–"
    value = row.values[name]
    told = number(value.middle)
    if value.least != value.greatest:
        told += f" ({number(value.least)} to {number(value.greatest)})"
    if name != OURS and OURS in row.values:
        told += f", {number(advantage(row.values[OURS].middle, value.middle, row.metric.more_is_better))}×"
    return told


def _medians(same: Sequence[dict[str, float]]) -> Iterator[str]:
    for name in _COSTS.values():
        values = [figures[name] for figures in same if name in figures]
        yield number(spread(values).middle) if values else "–"
