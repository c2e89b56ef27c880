"""`python -m bench`: measures, prints the table, and with `--write` puts it into docs/benchmarks.md."""

import argparse
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench import workloads
from bench.system import System
from bench.workloads import Figure

_PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
_START, _END = "<!-- figures -->", "<!-- /figures -->"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure this checkout on this machine.")
    parser.add_argument("--runs", type=int, default=2000, help="chains of ten nodes")
    parser.add_argument("--width", type=int, default=1000, help="branches of the fan-out")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each workload; the median is told")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    parser.add_argument("--only", choices=["floor", "throughput", "end_to_end", "hops", "fan_out", "idle"])
    options = parser.parse_args()
    measured = {
        "floor": workloads.floor,
        "throughput": lambda system: workloads.throughput(system, options.runs),
        "end_to_end": lambda system: workloads.end_to_end(system, options.runs),
        "hops": lambda system: workloads.hops(system, 200),
        "fan_out": lambda system: workloads.fan_out(system, options.width),
        "idle": lambda system: workloads.idle(system, 10.0),
    }
    figures: list[Figure] = []
    server = ""
    for name, measure in measured.items():
        if options.only in (None, name):
            runs: list[list[Figure]] = []
            for _ in range(options.repeat):
                with System() as system:
                    server = f"Redis {system.info('server')['redis_version']}, appendfsync everysec"
                    runs.append(measure(system))
            figures += [_summary(same) for same in zip(*runs, strict=True)]
            print(f"{name} measured", file=sys.stderr)
    table = _table(figures, server)
    print(table)
    if options.write:
        _write(table)
    return 0


def _summary(same: tuple[Figure, ...]) -> Figure:
    """The median of a figure over the runs, with its least and greatest value."""
    values = sorted((figure.value for figure in same), key=lambda text: float(text.replace(",", "").split()[-1]))
    middle = values[len(values) // 2]
    spread = f" ({values[0]} to {values[-1]})" if len(values) > 1 and values[0] != values[-1] else ""
    return Figure(same[0].name, middle + spread)


def _table(figures: list[Figure], server: str) -> str:
    machine = f"{_cpu()}, {os.cpu_count()} cores; Python {platform.python_version()}, {server}"
    day = datetime.now(UTC).date().isoformat()
    rows = [f"| {figure.name} | {figure.value} |" for figure in figures]
    return "\n".join(
        [f"`make bench` on {day}: {machine}. One state manager, one worker process with 64 slots, Redis on the same machine.", "", "| what | median (least to greatest of the runs) |", "|---|---|", *rows]
    )  # fmt: skip


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.machine()


def _write(table: str) -> None:
    page = _PAGE.read_text()
    head, _, rest = page.partition(_START)
    _PAGE.write_text(f"{head}{_START}\n{table}\n{_END}{rest.partition(_END)[2]}")


if __name__ == "__main__":
    sys.exit(main())
