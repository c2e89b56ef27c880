"""Checks a round that has come to rest: each of its runs, and what is left on the way. What is wrong is put into files, too."""

import json
from collections import Counter
from pathlib import Path

from chaos.check import check_run
from chaos.graphs import Workload
from chaos.ledger import Ledger
from chaos.leftovers import put_aside, under_way
from chaos.plan import Outcome
from chaos.stage import Stage
from engine.world import home_of
from exosphere_core.store.connection import ask


class Judge:
    """Knows which runs were checked before.

    Args:
        folder: where what is known of a violation is put.
    """

    def __init__(self, workloads: dict[str, Workload], ledger: Ledger, outcome: Outcome, folder: Path) -> None:
        self._workloads = workloads
        self._ledger = ledger
        self._outcome = outcome
        self._folder = folder
        self._checked: set[str] = set()
        #: Runs that were removed after they had been checked.
        self.removed: set[str] = set()

    def _is_removed(self, state: str) -> bool:
        return self._ledger.run_of(state) in self.removed

    async def check(self, stage: Stage, number: int, *, lossy: bool) -> list[str]:
        """Check a round. Returns its violations."""
        redis = stage.redis.client
        violations: list[str] = []
        all_runs: set[str] = set()
        for home in stage.homes:
            violations += await under_way(redis, home, stage.nodes)
            bad, explained = await put_aside(redis, home, lossy=lossy, is_removed=self._is_removed)
            violations += bad
            self._outcome.counts += explained
            all_runs |= {raw.decode() for raw in await ask(redis, "ZRANGE", home.runs, 0, -1)}
        triggers = self._ledger.triggers(number)
        executions = self._ledger.executions(number)
        runs = all_runs - self._checked
        self._checked = all_runs
        violations += [f"run {run} was accepted, and there is none" for run in triggers.keys() - runs]
        for run in sorted(runs):
            name, width = triggers.get(run) or await self._unanswered(stage, run)
            found, counts = await check_run(redis, run, self._workloads[name], width, executions, lossy=lossy)
            self._outcome.counts += counts + Counter(runs=1)
            if found:
                violations += [f"run {run} of {name}: {line}" for line in found]
                await self._dump(stage, run)
        of_none = {seen.run for seen in executions.values()} - all_runs
        if of_none and not lossy:
            violations.append(f"nodes were executed for runs that do not exist: {sorted(of_none)}")
        if violations:
            path = self._folder / f"violation-faults-{number}.json"
            path.write_text(json.dumps(self._ledger.of_round(number), indent=1))
        return violations

    async def _unanswered(self, stage: Stage, run: str) -> tuple[str, int]:
        """What a run is whose trigger was never answered: its graph, and the width that its root was given."""
        home = home_of(run)
        graph, root = await ask(stage.redis.client, "HMGET", home.run(run), "graph", "root")
        inputs = json.loads(await ask(stage.redis.client, "HGET", home.state(root.decode()), "inputs"))
        workload = self._workloads[graph.decode()]
        return workload.name, int(inputs["x"]) if workload.wide else 0

    async def _dump(self, stage: Stage, run: str) -> None:
        """Put all that is known of a run into a file."""
        redis, home = stage.redis.client, home_of(run)
        keys = [home.run(run), *(home.state(raw.decode()) for raw in await redis.lrange(home.states(run), 0, -1))]
        keys += [home.unite(raw.decode()) for raw in await redis.lrange(home.unites(run), 0, -1)]
        records = {}
        for key in keys:
            found = await redis.hgetall(key)
            records[key] = {name.decode(): value.decode(errors="replace") for name, value in found.items()}
        path = self._folder / f"violation-{run}.json"
        path.write_text(json.dumps({"records": records, "executions": self._ledger.of_run(run)}, indent=1))
