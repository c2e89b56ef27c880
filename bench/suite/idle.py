"""W9: what many workers cost that have nothing to do."""

from time import monotonic, sleep
from typing import Any

from bench.suite.backlog import Costs, Parts
from bench.suite.sizes import Sizes
from bench.suite.stage import Failed, Plan, Stage

#: Workers have started when all connections stayed for some seconds, and together they used next to nothing, a part of
#: a core, or no longer less than before: some poll without end.
_QUIET_SHARE, _STEADY, _LOOK_S = 0.3, 0.85, 3.0


def idle(plan: Plan, sizes: Sizes) -> Parts:
    """Start the workers one by one, wait until they have settled, then count."""
    with Stage(plan._replace(settings={**plan.settings, **_ALONE.get(plan.contender, {})})) as stage:
        # Its queues are made, and there is nothing in them.
        stage.ask("tasks", count=1)
        stage.start_workers(1)
        stage.wait_ended(1, 1)
        for _ in range(sizes.runtimes - 1):
            stage.start_workers(1)
            sleep(0.1)
        _settle(stage, sizes.runtimes)
        costs = Costs(stage)
        sleep(sizes.idle_s)
        yield "", costs.per_second()


#: One process each, so that a hundred of them fit onto the machine.
_ALONE: dict[str, dict[str, Any]] = {"celery": {"pool": "solo"}, "dramatiq": {"processes": 1}}


def _settle(stage: Stage, workers: int) -> None:
    """Wait until the workers have started and settled.

    Raises:
        Failed: not in time.
    """
    deadline = monotonic() + stage.plan.patience_s
    clients, spent, used = 0, stage.cpu()["worker"], float("inf")
    while monotonic() < deadline:
        sleep(_LOOK_S)
        before = clients, spent, used
        clients, spent = stage.redis.clients(), stage.cpu()["worker"]
        used = spent - before[1]
        quiet = used < _QUIET_SHARE * _LOOK_S or used > _STEADY * before[2]
        if before[0] == clients > workers and quiet:
            return
    raise Failed(f"{stage.plan.contender}: {workers} workers did not settle")
