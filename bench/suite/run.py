"""Runs workloads: contenders take turns, so that what is compared is measured within minutes."""

import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench.machine import machine
from bench.suite.figures import Measured, Report
from bench.suite.sizes import FULL, Sizes
from bench.suite.stage import CONTENDERS, Failed, Plan, Stage, missing
from bench.suite.workloads import WORKLOADS


class Choice(NamedTuple):
    """What to measure.

    Attributes:
        contenders: instead of those who take part in a workload by default; empty for these.
        patience_s: how long anything may take before it counts as failed.
    """

    workloads: Sequence[str] = tuple(WORKLOADS)
    contenders: Sequence[str] = ()
    durability: Sequence[str] = ("everysec",)
    repeat: int = 3
    sizes: Sizes = FULL
    patience_s: float = 300.0


def report(choice: Choice) -> Report:
    """Measure, and note what it was measured with."""
    measured = measure(choice)
    made = machine() | {"sizes": "full" if choice.sizes == FULL else "small"}
    names = {row.contender for row in measured}
    return Report(made, {name: described(name) for name in CONTENDERS if name in names}, measured)


def measure(choice: Choice) -> list[Measured]:
    """Measure, and tell on standard error how far it is."""
    present = {name for name in CONTENDERS if not choice.contenders or name in choice.contenders}
    for name in sorted(present):
        if reason := missing(name):
            print(f"{name} is left out: {reason}", file=sys.stderr)
            present.remove(name)
    measured: list[Measured] = []
    for turn in range(choice.repeat):
        for workload, durability, name in _turn(choice, turn):
            if name in present:
                measured += one(workload, Plan(name, durability, patience_s=choice.patience_s), choice.sizes)
                print(f"{workload} {durability} {name} ({turn + 1} of {choice.repeat})", file=sys.stderr)
    return measured


def one(workload: str, plan: Plan, sizes: Sizes) -> Iterator[Measured]:
    """Measure one contender once. What fails says so and ends nothing else."""
    try:
        for variant, figures in WORKLOADS[workload].measure(plan, sizes):
            yield Measured(workload, plan.contender, plan.durability, variant, figures)
    except (Failed, TimeoutError) as failed:
        print(failed, file=sys.stderr)
        yield Measured(workload, plan.contender, plan.durability, failed=str(failed))


def described(contender: str) -> dict[str, object]:
    """What a contender tells about itself."""
    with Stage(Plan(contender)) as stage:
        found: dict[str, object] = stage.ask("describe")["found"]
        return found


def _turn(choice: Choice, turn: int) -> Iterator[tuple[str, str, str]]:
    """One run of everything, every second one in the other order."""
    for workload in choice.workloads:
        about = WORKLOADS[workload]
        if about.once and turn:
            continue
        # Whoever is asked for by name takes part in whatever is asked for.
        names = choice.contenders or about.contenders
        for durability in choice.durability:
            for name in names if turn % 2 == 0 else reversed(names):
                yield workload, durability, name
