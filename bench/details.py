"""`python -m bench.details`: what this project does in detail; `--write` puts the table into docs/benchmarks.md."""

import argparse
import sys
from collections.abc import Callable
from functools import partial

from bench import features, http_calls, page, workloads
from bench.machine import machine
from bench.scripts import scripts
from bench.system import System
from bench.workloads import Figure

_WORKLOADS = [
    "floor", "throughput", "prototype", "end_to_end", "hops", "fan_out", "nested", "retries", "steering", "wide",
    "scripts", "triggers", "bulk", "reads", "idle",
]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.details", description="Measure this checkout on this machine."
    )
    parser.add_argument("--runs", type=int, default=2000, help="chains of ten nodes")
    parser.add_argument("--width", type=int, default=1000, help="branches of the fan-out")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each workload; the median is told")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    parser.add_argument("--only", nargs="+", choices=_WORKLOADS, default=_WORKLOADS, help="workloads to measure")
    options = parser.parse_args()
    measures: dict[str, Callable[[], list[Figure]]] = {
        "floor": partial(_on_new_system, workloads.floor),
        "throughput": partial(_on_new_system, workloads.throughput, options.runs),
        "prototype": partial(workloads.prototype, options.runs),
        "end_to_end": partial(_on_new_system, workloads.end_to_end, options.runs),
        "hops": partial(_on_new_system, workloads.hops, 200),
        "fan_out": partial(_on_new_system, workloads.fan_out, options.width),
        "nested": partial(_on_new_system, features.nested, 10),
        "retries": partial(_on_new_system, features.retries, options.width),
        "steering": partial(_on_new_system, features.steering, options.width),
        "wide": partial(_on_new_system, features.wide, 100_000),
        "scripts": partial(_on_new_system, scripts),
        "triggers": partial(_on_new_system, http_calls.triggers, 2_000),
        "bulk": partial(_on_new_system, http_calls.bulk, 40_000),
        "reads": partial(_on_new_system, http_calls.reads, 100_000, 10_000),
        "idle": partial(_on_new_system, workloads.idle, 10.0),
    }
    names = [name for name in _WORKLOADS if name in options.only]
    turns: list[dict[str, list[Figure]]] = []
    # The workloads take turns, so that what is compared, product and prototype, is measured within one minute.
    for number in range(1, options.repeat + 1):
        turn: dict[str, list[Figure]] = {}
        for name in names:
            turn[name] = measures[name]()
            print(f"{name} measured ({number} of {options.repeat})", file=sys.stderr)
        if "throughput" in turn and "prototype" in turn:
            turn["prototype"].append(_share(turn["throughput"][0], turn["prototype"][0]))
        turns.append(turn)
    figures = [_summary(same) for name in names for same in zip(*(turn[name] for turn in turns), strict=True)]
    table = _table(figures)
    print(table)
    if options.write:
        page.write("figures", table)
    return 0


def _on_new_system(measure: Callable[..., list[Figure]], *arguments: float) -> list[Figure]:
    with System() as system:
        return measure(system, *arguments)


def _share(product: Figure, prototype: Figure) -> Figure:
    """How much of the bare protocol's speed is left with every feature on."""
    return Figure("product / prototype", f"{_number(product) / _number(prototype):.2f}")


def _number(figure: Figure) -> float:
    return float(figure.value.replace(",", "").split()[-1])


def _summary(same: tuple[Figure, ...]) -> Figure:
    """The median of a figure over the runs, with its least and greatest value."""
    values = [figure.value for figure in sorted(same, key=_number)]
    middle = values[len(values) // 2]
    spread = f" ({values[0]} to {values[-1]})" if len(values) > 1 and values[0] != values[-1] else ""
    return Figure(same[0].name, middle + spread)


def _table(figures: list[Figure]) -> str:
    made = machine()
    setting = f"{made['machine']}; Python {made['Python']}, {made['server']}, appendfsync everysec"
    rows = [f"| {figure.name} | {figure.value} |" for figure in figures]
    return "\n".join(
        [f"`python -m bench.details` on {made['day']}: {setting}. One state manager, one worker process with 64 slots, Redis on the same machine.", "", "| what | median (least to greatest of the runs) |", "|---|---|", *rows]
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
