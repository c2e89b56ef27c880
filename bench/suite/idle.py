"""W9: what many workers cost that have nothing to do."""

from time import monotonic, sleep

from bench.suite.backlog import Costs, Parts
from bench.suite.sizes import Sizes
from bench.suite.stage import Failed, Plan, Stage

#: Workers are quiet when together they used less than this part of a core for some seconds and all connections stayed.
_QUIET_SHARE, _LOOK_S = 0.6, 3.0


def idle(plan: Plan, sizes: Sizes) -> Parts:
    """Start the workers one by one, wait until they are quiet, then count."""
    with Stage(plan._replace(settings={**plan.settings, **_ALONE.get(plan.contender, {})})) as stage:
        # Its queues are made, and there is nothing in them.
        stage.ask("tasks", count=1)
        stage.start_workers(1)
        stage.wait_ended(1, 1)
        for _ in range(sizes.runtimes - 1):
            stage.start_workers(1)
            sleep(0.1)
        _quiet(stage, sizes.runtimes)
        costs = Costs(stage)
        sleep(sizes.idle_s)
        yield "", costs.per_second()


#: One process each, so that a hundred of them fit onto the machine.
_ALONE = {"celery": {"pool": "solo"}, "dramatiq": {"processes": 1}}


def _quiet(stage: Stage, workers: int) -> None:
    """Wait until the workers have started and settled.

    Raises:
        Failed: not in time.
    """
    deadline = monotonic() + stage.plan.patience_s
    clients, spent = 0, stage.cpu()["worker"]
    while monotonic() < deadline:
        sleep(_LOOK_S)
        now_clients, now_spent = stage.redis.clients(), stage.cpu()["worker"]
        if now_clients == clients > workers and now_spent - spent < _QUIET_SHARE * _LOOK_S:
            return
        clients, spent = now_clients, now_spent
    raise Failed(f"{stage.plan.contender}: {workers} workers did not become quiet")
