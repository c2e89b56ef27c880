"""One thing at a time, while workers run: hops of a chain, starts on an idle system, fan-outs."""

from itertools import pairwise
from time import sleep

from bench.contenders.serve import OVER_HTTP
from bench.suite.backlog import Costs, Parts
from bench.suite.figures import percentile
from bench.suite.sizes import Sizes
from bench.suite.stage import OURS, Plan, Stage

#: Long enough that everybody who waits for work waits, and not always the same part of a poll, in s.
_PAUSES_S = (0.02, 0.033, 0.051, 0.078)


class Alone:
    """A stage with a running worker, that is asked for one thing after the other."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._tasks = self._runs = 0
        stage.start_workers()

    def once(self, tasks: int, do: str, **sizes: int) -> tuple[float, list[float]]:
        """Have a client do it, wait for its end, and return when that began and when its tasks were executed."""
        began = self._stage.ask(do, **sizes)["began"]
        before, self._tasks, self._runs = self._tasks, self._tasks + tasks, self._runs + 1
        self._stage.wait_ended(self._tasks, self._runs)
        return began, self._stage.stamps(before)


def hops(plan: Plan, sizes: Sizes) -> Parts:
    """W2: one chain, from one task to the next: soon after the start, and once more when all is warm, such as compiled code."""
    with Stage(plan) as stage:
        alone = Alone(stage)
        yield "", _hops(alone, sizes, 1)
        yield "warm", _hops(alone, sizes, sizes.chains_warm)


def _hops(alone: Alone, sizes: Sizes, before: int) -> dict[str, float]:
    gaps: list[float] = []
    for number in range(before + sizes.chains_alone):
        _, stamps = alone.once(sizes.hops, "chains", count=1, length=sizes.hops)
        gaps += [later - sooner for sooner, later in pairwise(stamps)] if number >= before else []
    return _percentiles(gaps)


def starts(plan: Plan, sizes: Sizes) -> Parts:
    """W5: from the client's call to the start of the task, on a system with nothing else to do.

    This project's client triggers in Redis, as everybody's does, and once more by way of a state manager.
    """
    yield "", _starts(plan, sizes)
    if plan.contender == OURS:
        yield "over HTTP", _starts(plan._replace(settings={**plan.settings, OVER_HTTP: True}), sizes)


def _starts(plan: Plan, sizes: Sizes) -> dict[str, float]:
    with Stage(plan) as stage:
        alone = Alone(stage)
        waits: list[float] = []
        for number in range(sizes.starts + 5):
            sleep(_PAUSES_S[number % len(_PAUSES_S)])
            began, (started,) = alone.once(1, "tasks", count=1)
            waits += [started - began] if number >= 5 else []
        return _percentiles(waits)


def fans(plan: Plan, sizes: Sizes) -> Parts:
    """W4: 1 → width → 1, from the call to the task that has all results."""
    yield "", _fans(plan, sizes.width, sizes.fans, warm=True)


def wide(plan: Plan, sizes: Sizes) -> Parts:
    """W6: the same, very wide, once."""
    yield "", _fans(plan, sizes.wide, 1, warm=False)


def _fans(plan: Plan, width: int, count: int, warm: bool) -> dict[str, float]:
    with Stage(plan) as stage:
        alone = Alone(stage)
        tasks, took = width + 2, []
        if warm:
            alone.once(tasks, "fan", width=width)
        empty, costs = stage.redis.memory(), Costs(stage)
        for _ in range(count):
            began, stamps = alone.once(tasks, "fan", width=width)
            took.append(stamps[-1] - began)
        middle = percentile(took, 50)
        return {
            "ms": middle * 1000,
            "per_s": tasks / middle,
            "bytes": (stage.redis.memory() - empty) / (tasks * count),
            **costs.per_task(),
        }


def _percentiles(seconds: list[float]) -> dict[str, float]:
    return {"ms": percentile(seconds, 50) * 1000, "p99_ms": percentile(seconds, 99) * 1000}
