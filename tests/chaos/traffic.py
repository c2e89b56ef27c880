"""What keeps the system at work: triggers without end, as many as may be under way."""

import asyncio
from random import Random

from redis.exceptions import RedisError

from chaos.graphs import NAMESPACE, Workload
from chaos.ledger import Ledger
from chaos.plan import Outcome, Plan
from chaos.stage import Stage
from exosphere_core import api
from exosphere_core.errors import ExosphereError

#: Which part of the runs is of large values: each takes as much room as a hundred others.
_LARGE = 0.04

#: How many triggers there are to one of several runs, and of how many.
_BULK_EVERY = 5
_IN_BULK = 2

#: The most triggers that are under way at a time.
_MOST_TRIGGERS = 8


class Traffic:
    """Triggers runs of a campaign's graphs; the same plan draws the same ones."""

    def __init__(self, plan: Plan, workloads: dict[str, Workload], ledger: Ledger, outcome: Outcome) -> None:
        self._plan = plan
        self._workloads = workloads
        self._ledger = ledger
        self._outcome = outcome
        self._triggered = 0

    async def trigger_until(self, enough: asyncio.Event, stage: Stage, number: int) -> None:
        """Keep runs under way. A trigger that was not answered is not accepted; if it was made, it must end all the same."""
        under_way: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as triggers:
            while not enough.is_set():
                pending = await self.pending(stage) + len(under_way)
                if pending >= self._plan.most_pending or len(under_way) == _MOST_TRIGGERS:
                    await asyncio.sleep(0.03)
                    continue
                self._triggered += 1
                task = triggers.create_task(self._trigger(stage, number, self._triggered))
                under_way.add(task)
                task.add_done_callback(under_way.discard)

    async def _trigger(self, stage: Stage, number: int, count: int) -> None:
        draws = Random(f"trigger {self._plan.seed} {count}")
        name = draws.choice(["fan", "fan", "nest", *draws.sample(sorted(self._workloads), 4)])
        if draws.random() < _LARGE:
            name = "pile"
        workload = self._workloads[name]
        width = workload.width(draws.randint(*self._plan.widths))
        body = {"inputs": workload.inputs(width), "store": workload.store}
        row, body = (api.TRIGGER_MANY, {"runs": [body] * _IN_BULK}) if count % _BULK_EVERY == 0 else (api.TRIGGER, body)
        try:
            answer = await stage.call(
                count,
                row,
                body=body,
                idempotency_key=f"{self._plan.seed}-{count}",
                namespace=NAMESPACE,
                graph_name=name,
            )
        except ExosphereError:
            self._outcome.counts["refused"] += 1
            return
        for run in answer.get("run_ids") or [answer["run_id"]]:
            self._ledger.accepted(run, number, name, width)

    async def pending(self, stage: Stage) -> int:
        """How many runs are under way; while Redis can't be asked, as many as may be."""
        try:
            pipeline = stage.redis.client.pipeline(transaction=False)
            for home in stage.homes:
                pipeline.zcard(home.runs)
                pipeline.zcard(home.ended)
            counted = await pipeline.execute()
        except (RedisError, OSError):
            return self._plan.most_pending
        return int(sum(counted[::2]) - sum(counted[1::2]))
