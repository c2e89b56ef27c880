"""`python -m bench`: this project and its peers side by side; `--write` puts tables and plots into the docs."""

import argparse
import sys
from pathlib import Path

from bench.suite.figures import Report, load, merged
from bench.suite.publish import publish, text
from bench.suite.quick import quick
from bench.suite.run import Choice, report
from bench.suite.servers import DURABILITY
from bench.suite.sizes import FULL, SMALL
from bench.suite.stage import CONTENDERS
from bench.suite.workloads import WORKLOADS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure this checkout beside its peers.")
    parser.add_argument("--only", nargs="+", choices=list(WORKLOADS), help="workloads to measure; default: all")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=(), help="default: who can")
    parser.add_argument("--durability", nargs="+", choices=list(DURABILITY), default=list(DURABILITY), help="of Redis")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each workload; medians are told")
    parser.add_argument("--patience", type=float, default=300.0, metavar="S", help="longest wait for anything, s")
    parser.add_argument("--save", type=Path, metavar="F.json", help="keep what was measured")
    parser.add_argument(
        "--load",
        type=Path,
        nargs="+",
        default=[],
        metavar="F.json",
        help="add what was kept; without --only nothing is measured anew",
    )
    parser.add_argument("--write", action="store_true", help="put tables and plots into docs/benchmarks.md")
    parser.add_argument("--small", action="store_true", help="tiny sizes, to see that everything works")
    parser.add_argument("--quick", action="store_true", help="W1 and W3 beside Celery and the floor, within a minute")
    options = parser.parse_args()
    if options.quick:
        print(quick())
        return 0
    try:
        made = _report(options)
        if options.save:
            made.save(options.save)
        print(text(made))
        if options.write:
            publish(made)
    except ValueError as wrong:
        parser.error(str(wrong))
    return 0


def _report(options: argparse.Namespace) -> Report:
    reports = [load(path) for path in options.load]
    if options.only or not reports:
        sizes = SMALL if options.small else FULL
        reports.append(
            report(
                Choice(
                    options.only or tuple(WORKLOADS), options.contenders, options.durability, options.repeat, sizes, options.patience,
                )
            )
        )  # fmt: skip
    return merged(reports)


if __name__ == "__main__":
    sys.exit(main())
