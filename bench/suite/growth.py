"""What W10 tells: whether speed and memory of a state stay what they are while history grows."""

from collections.abc import Sequence
from statistics import median

from bench.suite import plots
from bench.suite.figures import Measured, spread
from bench.suite.stage import PARTS
from bench.suite.table import markdown, number
from bench.suite.workloads import WORKLOADS

NAME = "W10"


def table(measured: Sequence[Measured]) -> str:
    """One row a durability: how fast the backlogs were, the last quarter beside the first, and what a state cost and left."""
    parts = [f"CPU of {part}, µs" for part in PARTS]
    found = [
        ["durability", "backlogs", "median: tasks/s", "least", "greatest", "last quarter / first", *parts, "MB of Redis at the end"]
    ]  # fmt: skip
    for (durability, who), rounds in _by_setting(measured).items():
        speeds = [one.figures["per_s"] for one in rounds]
        middle, least, greatest = spread(speeds)
        quarter = max(1, len(speeds) // 4)
        cells = [middle, least, greatest, median(speeds[-quarter:]) / median(speeds[:quarter])]
        cells += [median(one.figures[f"{part} µs"] for one in rounds) for part in PARTS]
        cells.append(rounds[-1].figures["memory_mb"])
        found.append([f"{who}, {durability}", str(len(rounds)), *map(number, cells)])
    return markdown(found)


def pictures(measured: Sequence[Measured]) -> dict[str, str]:
    """File name → SVG, one for each figure, with a line for each durability."""
    about, found = WORKLOADS[NAME], {}
    for metric in (about.metric, *about.also):
        series = {
            f"{who}, {durability}": [(_states(one), one.figures[metric.name]) for one in rounds]
            for (durability, who), rounds in _by_setting(measured).items()
        }
        title = f"{NAME} {about.title}: {metric.unit}"
        found[f"bench-w10-{metric.name}.svg"] = plots.lines(title, series, "states in the history", list(series))
    return found


def _by_setting(measured: Sequence[Measured]) -> dict[tuple[str, str], list[Measured]]:
    found: dict[tuple[str, str], list[Measured]] = {}
    for one in measured:
        if one.workload == NAME and one.figures:
            found.setdefault((one.durability, one.contender), []).append(one)
    return {setting: sorted(rounds, key=_states) for setting, rounds in found.items()}


def _states(one: Measured) -> float:
    return float(one.variant.split()[0].replace(",", ""))
