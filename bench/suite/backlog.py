"""Backlogs: everything is enqueued while no worker runs, then the workers start.

The span is from the first task that is executed to the moment when Redis holds all results. So it holds neither the
clients' time nor the workers' imports, and nobody is done before the results are.
"""

from collections.abc import Iterator
from time import monotonic

from bench.suite.sizes import Sizes
from bench.suite.stage import OURS, Plan, Stage

Figures = dict[str, float]
#: The name of a variant, empty where a workload has one only, and its figures.
Parts = Iterator[tuple[str, Figures]]


def independent(plan: Plan, sizes: Sizes) -> Parts:
    """W1: tasks that have nothing to do with one another."""
    with Stage(plan) as stage:
        yield "", play(stage, runs=sizes.tasks)


def concurrent(plan: Plan, sizes: Sizes) -> Parts:
    """W3: chains side by side."""
    with Stage(plan) as stage:
        yield "", play(stage, runs=sizes.chains, length=sizes.length)


def payloads(plan: Plan, sizes: Sizes) -> Parts:
    """W7: chains whose tasks hand a large value on."""
    for kb in sizes.payload_kb:
        with Stage(plan) as stage:
            figures = play(stage, runs=sizes.payload_chains, length=sizes.payload_length, size=kb * 1024)
            yield f"{kb} KB", figures


def scaling(plan: Plan, sizes: Sizes) -> Parts:
    """W8: more workers, and for us as many state managers, shards and masters of a cluster."""
    for count in sizes.scales:
        wide = plan._replace(managers=count, shards=count, masters=count) if plan.contender == OURS else plan
        with Stage(wide) as stage:
            yield f"× {count}", play(stage, runs=sizes.scaled_chains, length=sizes.length, workers=count)


def growth(plan: Plan, sizes: Sizes) -> Parts:
    """W10: one backlog after the other on the same Redis, whose history grows."""
    runs = max(1, sizes.history // sizes.rounds // sizes.length)
    with Stage(plan) as stage:
        for number in range(1, sizes.rounds + 1):
            figures = play(stage, runs, sizes.length, ended=(number - 1) * runs)
            stage.stop_workers()
            yield f"{number * runs * sizes.length:,} states", {**figures, "memory_mb": stage.redis.memory() / 1e6}


def play(stage: Stage, runs: int, length: int = 1, size: int = 0, workers: int = 1, ended: int = 0) -> Figures:
    """Enqueue runs, start workers, wait for the end.

    Args:
        length: tasks of each run, one after the other.
        size: of the value that they hand on, bytes.
        ended: runs of the same length that ended on this stage before.
    """
    tasks, before = runs * length, stage.executed()
    empty = stage.redis.memory()
    load = {"do": "tasks"} if length == 1 else {"do": "chains", "length": length}
    enqueued = stage.ask(**load, count=runs, size=size)
    waiting = stage.redis.memory()
    stage.start_workers(workers)
    stage.wait_executed(before + 1)
    # From here on: what workers need in order to start is none of the tasks' costs.
    costs = Costs(stage)
    stage.wait_ended(before + tasks, ended + runs)
    span = monotonic() - stage.stamps(before)[0]
    return {
        "per_s": tasks / span,
        "mb_per_s": tasks * size / span / 1e6,
        "enqueued_per_s": runs / enqueued["took"],
        "waiting_bytes": (waiting - empty) / runs,
        "bytes": (stage.redis.memory() - empty) / tasks,
        **costs.per_task(),
    }


class Costs:
    """What Redis and the operating system count from now on."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._cpu = stage.cpu()
        self._began = monotonic()
        stage.redis.forget()
        self._executed = stage.executed()

    def per_task(self) -> Figures:
        """CPU of each part in µs, and commands, for each task that was executed from then on."""
        commands, tasks = self._stage.redis.commands(), max(1, self._stage.executed() - self._executed)
        return {
            **{f"{part} µs": spent / tasks * 1e6 for part, spent in self._spent().items()},
            "commands": commands / tasks,
        }

    def per_second(self) -> Figures:
        """CPU of each part in percent of a core, and commands, for each second."""
        commands, took = self._stage.redis.commands(), monotonic() - self._began
        return {
            **{f"{part} %": spent / took * 100 for part, spent in self._spent().items()},
            "commands": commands / took,
        }

    def _spent(self) -> dict[str, float]:
        return {part: seconds - self._cpu[part] for part, seconds in self._stage.cpu().items()}
