"""`python -m bench.tune`: tries the settings of every contender on W1, W3 and W4; `--write` keeps the best for the suite."""

import argparse
import json
import sys
from collections.abc import Sequence
from math import prod
from typing import Any

from bench.contenders.serve import FOUND
from bench.suite.figures import spread
from bench.suite.run import described, one
from bench.suite.sizes import Sizes
from bench.suite.stage import CONTENDERS, FLOOR, Plan, missing
from bench.suite.table import markdown, number

#: Large enough that starting up does not count, small enough that all can be tried.
_SIZES = Sizes(tasks=3000, chains=150, width=500, fans=3)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.tune", description="Find the best settings of contenders.")
    parser.add_argument("contenders", nargs="*", metavar="CONTENDER", help=f"of {', '.join(CONTENDERS)}; default: all")
    parser.add_argument("--repeat", type=int, default=3, help="runs with each setting; the median counts")
    parser.add_argument("--write", action="store_true", help=f"keep the best in {FOUND.name}")
    options = parser.parse_args()
    if unknown := set(options.contenders) - set(CONTENDERS):
        parser.error(f"{', '.join(sorted(unknown))}: choose from {', '.join(CONTENDERS)}")
    for name in options.contenders or CONTENDERS:
        if reason := missing(name):
            print(f"{name} is left out: {reason}", file=sys.stderr)
            continue
        best = tune(name, options.repeat)
        print(f"\n{name}: {json.dumps(best)}\n", flush=True)
        if options.write:
            found = json.loads(FOUND.read_text()) if FOUND.exists() else {}
            FOUND.write_text(json.dumps({**found, name: best}, indent=2) + "\n")
    return 0


def tune(name: str, repeat: int) -> dict[str, Any]:
    """Go through the settings of a contender one by one, each time with the best of those before it, and tell all speeds."""
    about: dict[str, Any] = described(name)
    best, tried = dict(about["settings"]), [["settings", "W1 tasks/s", "W3 tasks/s", "W4 tasks/s"]]
    known: dict[str, float] = {}

    def score(settings: dict[str, Any]) -> float:
        told = json.dumps(settings)
        if told not in known:
            speeds = _speeds(name, settings, repeat)
            tried.append([told, *map(number, speeds)])
            print(f"{name} {tried[-1]}", file=sys.stderr)
            known[told] = prod(speeds)
        return known[told]

    for setting, choices in about["choices"].items():
        best = max([best, *({**best, setting: choice} for choice in choices)], key=score)
    print(markdown(tried), flush=True)
    return best


def _speeds(name: str, settings: dict[str, Any], repeat: int) -> Sequence[float]:
    """Tasks a second of each workload, 0 for one that failed."""
    plan = Plan(name, settings=settings, patience_s=60)
    speeds = []
    for workload in ("W1", "W3", "W4") if name != FLOOR else ("W1", "W3"):
        runs = [row.figures.get("per_s", 0.0) for _ in range(repeat) for row in one(workload, plan, _SIZES)]
        speeds.append(spread(runs).middle)
    return speeds


if __name__ == "__main__":
    sys.exit(main())
