"""The campaign: rounds of work under faults, each followed by a check of every promise."""

import asyncio
import json
import time
from collections import Counter
from pathlib import Path
from random import Random

from redis.exceptions import RedisError

from chaos.check import check_run
from chaos.faults.catalog import FAULTS, reason_against
from chaos.faults.fault import HOME, Fault, Struck
from chaos.graphs import NAMESPACE, Workload, workloads
from chaos.ledger import Ledger
from chaos.leftovers import left_after_retention, put_aside, remove_ended, under_way
from chaos.mending import SWEEPS_S, count_mends, is_attended, mend
from chaos.plan import Outcome, Plan
from chaos.redis_server import RedisServer
from chaos.stage import Stage
from exosphere_core import api
from exosphere_core.errors import ExosphereError
from exosphere_core.store.connection import ask

#: How long runs may take to end once nothing strikes any more, in s.
PATIENCE_S = 60.0

#: The most triggers that are under way at a time.
_MOST_TRIGGERS = 8

#: How long a run is kept after its end while anybody may replay what Redis may have lost, in s.
_REPLAYED_S = 30.0

#: What is counted → the words of the logs that tell it.
_LOGGED = {
    "stale": "changed nothing: it reads",
    "reclaimed": "was lost: reclaimed",
    "reconnected": "the connection to Redis is back",
    "failed unexpectedly": "failed, tries again",
}


class Campaign:
    """Plays a plan in a folder."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.ledger = Ledger(folder)
        self.outcome = Outcome()
        self._workloads = {workload.name: workload for workload in workloads(plan.seed, plan.random_graphs)}
        self._faults = [FAULTS[name] for name in plan.faults if not reason_against(FAULTS[name])]
        self._struck: list[tuple[Fault, Struck, asyncio.Task[int | None] | None]] = []
        #: Faults that are to strike next: each as often as its weight says before any comes again.
        self._deck: list[Fault] = []
        self._logged: Counter[str] = Counter()
        self._triggered = 0
        self._round = 0
        #: Runs of the rounds that were checked.
        self._checked: set[str] = set()
        self.redis_version = ""

    async def run(self) -> Outcome:
        """Play all rounds: half of the campaign with each way of writing the append-only file. A violation ends it."""
        began = time.monotonic()
        for part, fsync in enumerate(self.plan.fsyncs, start=1):
            if not self.outcome.violations:
                await self._part(began, fsync, part / len(self.plan.fsyncs))
        self.outcome.seconds = time.monotonic() - began
        return self.outcome

    def _enough(self, began: float, share: float) -> bool:
        """Whether this share of the plan was played."""
        counts, plan = self.outcome.counts, self.plan
        whole = counts["states"] >= plan.states * share and counts["faults"] >= plan.least_faults * share
        whole = whole and all(counts[word] for word in plan.meets)
        return whole or time.monotonic() - began >= plan.minutes * 60 * share

    async def _part(self, began: float, fsync: str, share: float) -> None:
        """At least one round, on one set of processes."""
        place = self.folder / fsync
        place.mkdir()
        redis = RedisServer(self.plan.redis_binary, place, fsync)
        self.redis_version = redis.version
        stage = Stage(redis, place, self.ledger.incoming, self.plan.managers, self.plan.runtimes, self.plan.lease_ms)
        self._logged = Counter()
        try:
            await stage.start()
            await self._store_graphs(stage)
            while True:
                await self._play_round(stage)
                if self.outcome.violations or self._enough(began, share):
                    break
            if not self.outcome.violations:
                await self._remove_all(stage)
        finally:
            self.outcome.counts.update({f"ended by itself: {what}": n for what, n in stage.started_again.items()})
            await stage.close()

    async def _store_graphs(self, stage: Stage) -> None:
        for workload in self._workloads.values():
            await stage.call(
                0, api.UPSERT_GRAPH, body=workload.template, namespace=NAMESPACE, graph_name=workload.name
            )  # fmt: skip
        async with asyncio.timeout(PATIENCE_S):
            for name in self._workloads:
                while True:
                    answer = await stage.call(0, api.GET_GRAPH, namespace=NAMESPACE, graph_name=name)
                    if answer["validation_status"] == "VALID":
                        break
                    await asyncio.sleep(0.1)

    async def _play_round(self, stage: Stage) -> None:
        number = self._round
        self._round += 1
        self._struck = []
        draws = Random(f"faults {self.plan.seed} {number}")
        enough = asyncio.Event()
        working = asyncio.create_task(self._trigger_until(enough, stage, number))
        supervising = asyncio.create_task(stage.supervise())
        deadline = time.monotonic() + self.plan.round_s
        try:
            while time.monotonic() < deadline:
                await self._strike(stage, draws)
                if working.done():
                    working.result()
        finally:
            enough.set()
            supervising.cancel()
            await asyncio.wait([supervising])
        struck_s = time.monotonic()
        await stage.heal()
        # A trigger that is under way still may yet make a run.
        await working
        lossy = any(fault.loses for fault, _, _ in self._struck)
        violations = await mend(stage) if lossy and is_attended(number) else []
        ended = await self._wait_until_ended(stage, PATIENCE_S + (SWEEPS_S if lossy else 0))
        recoveries = [None if task is None else await task for _, _, task in self._struck]
        ended_s = time.monotonic()
        self.ledger.collect(number)
        self._note_faults(number, recoveries)
        self._read_logs(stage)
        self.outcome.counts += await count_mends(stage)
        violations += [] if ended else ["runs did not end: stuck"]
        violations += await self._check_round(stage, number, lossy)
        if not violations:
            await remove_ended(stage.redis.client, HOME, _REPLAYED_S)
        self.outcome.violations += [f"seed {self.plan.seed} round {number}: {line}" for line in violations]
        if violations:
            self._dump_faults(number)
        print(self._told(number, ended_s - struck_s, time.monotonic() - ended_s), flush=True)

    def _read_logs(self, stage: Stage) -> None:
        """Count what the logs tell since the last time."""
        logged = Counter(stage.log_counts(*_LOGGED.values()))
        for name, words in _LOGGED.items():
            self.outcome.counts[name] += logged[words] - self._logged[words]
        self._logged = logged

    async def _remove_all(self, stage: Stage) -> None:
        """Remove what is left, with nobody there who would replay it."""
        stage.stack.close()
        await remove_ended(stage.redis.client, HOME, 0)
        left = await left_after_retention(stage.redis.client)
        self.outcome.violations += [f"seed {self.plan.seed}: retention left {key}" for key in left[:20]]

    async def _trigger_until(self, enough: asyncio.Event, stage: Stage, number: int) -> None:
        """Keep runs under way. A trigger that was not answered is not accepted; if it was made, it must end all the same."""
        under_way: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as triggers:
            while not enough.is_set():
                pending = await self._pending(stage) + len(under_way)
                if pending >= self.plan.most_pending or len(under_way) == _MOST_TRIGGERS:
                    await asyncio.sleep(0.03)
                    continue
                self._triggered += 1
                task = triggers.create_task(self._trigger(stage, number, self._triggered))
                under_way.add(task)
                task.add_done_callback(under_way.discard)

    async def _trigger(self, stage: Stage, number: int, count: int) -> None:
        draws = Random(f"trigger {self.plan.seed} {count}")
        name = draws.choice(["fan", "fan", "nest", *draws.sample(sorted(self._workloads), 4)])
        workload = self._workloads[name]
        width = draws.randint(*self.plan.widths)
        if name == "nest":
            width = max(2, width // 10)
        body = {"inputs": workload.inputs(width), "store": workload.store}
        try:
            answer = await stage.call(
                count, api.TRIGGER, body=body, idempotency_key=f"{self.plan.seed}-{count}",
                namespace=NAMESPACE, graph_name=name,
            )  # fmt: skip
        except ExosphereError:
            self.outcome.counts["refused"] += 1
            return
        self.ledger.accepted(answer["run_id"], number, name, width)

    async def _pending(self, stage: Stage) -> int:
        """How many runs are under way; while Redis can't be asked, as many as may be."""
        try:
            pipeline = stage.redis.client.pipeline(transaction=False)
            pipeline.zcard(HOME.runs)
            pipeline.zcard(HOME.ended)
            runs, ended = await pipeline.execute()
        except (RedisError, OSError):
            return self.plan.most_pending
        return int(runs - ended)

    async def _strike(self, stage: Stage, draws: Random) -> None:
        # Now and then nothing else strikes until what a dead worker held is given to others.
        calm_s = self.plan.lease_ms / 1000 + 2
        await asyncio.sleep(calm_s if draws.random() < 0.08 else draws.uniform(0.0, self.plan.gap_s))
        if not self._deck:
            self._deck = [fault for fault in self._faults for _ in range(fault.weight)]
            draws.shuffle(self._deck)
        fault = self._deck.pop()
        try:
            struck = await fault.strike(stage, draws)
        except (RedisError, OSError) as lost:
            # Another fault is still at work, such as a Redis that loads its file.
            self.outcome.counts["not struck"] += 1
            print(f"{fault.name} could not strike: {lost}", flush=True)
            return
        waiting = None if struck.recovered is None else asyncio.ensure_future(struck.recovered)
        self._struck.append((fault, struck, waiting))
        self.outcome.counts["faults"] += 1

    async def _wait_until_ended(self, stage: Stage, within_s: float) -> bool:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if not await self._pending(stage) and not await under_way(stage.redis.client, HOME, stage.nodes):
                return True
            await asyncio.sleep(0.1)
        return False

    def _note_faults(self, number: int, recoveries: list[int | None]) -> None:
        for (fault, struck, task), seen in zip(self._struck, recoveries, strict=True):
            recovered = seen if task is not None else self.ledger.next_start(struck.healed_ns)
            recovery = None if recovered is None else recovered - struck.healed_ns
            self.ledger.struck(number, fault.name, struck.detail, struck.at_ns, struck.healed_ns, recovery)

    async def _check_round(self, stage: Stage, number: int, lossy: bool) -> list[str]:
        redis = stage.redis.client
        violations = await under_way(redis, HOME, stage.nodes)
        bad, of_lost = await put_aside(redis, HOME, lossy=lossy)
        violations += bad
        self.outcome.counts["reports of lost states"] += of_lost
        triggers = self.ledger.triggers(number)
        executions = self.ledger.executions(number)
        all_runs = {raw.decode() for raw in await ask(redis, "ZRANGE", HOME.runs, 0, -1)}
        runs = all_runs - self._checked
        self._checked = all_runs
        violations += [f"run {run} was accepted, and there is none" for run in triggers.keys() - runs]
        for run in sorted(runs):
            name, width = triggers.get(run) or await self._unanswered(stage, run)
            found, counts = await check_run(
                redis, HOME, run, self._workloads[name], width, executions, lossy=lossy
            )  # fmt: skip
            self.outcome.counts += counts + Counter(runs=1)
            if found:
                violations += [f"run {run} of {name}: {line}" for line in found]
                await self._dump(stage, run)
        of_none = {seen.run for seen in executions.values()} - all_runs
        if of_none and not lossy:
            violations.append(f"nodes were executed for runs that do not exist: {sorted(of_none)}")
        return violations

    async def _unanswered(self, stage: Stage, run: str) -> tuple[str, int]:
        """What a run is whose trigger was never answered: its graph, and the width that its root was given."""
        graph, root = await ask(stage.redis.client, "HMGET", HOME.run(run), "graph", "root")
        inputs = json.loads(await ask(stage.redis.client, "HGET", HOME.state(root.decode()), "inputs"))
        workload: Workload = self._workloads[graph.decode()]
        return workload.name, int(inputs["x"]) if workload.wide else 0

    async def _dump(self, stage: Stage, run: str) -> None:
        """Put all that is known of a run into a file."""
        redis = stage.redis.client
        keys = [HOME.run(run), *(HOME.state(raw.decode()) for raw in await redis.lrange(HOME.states(run), 0, -1))]
        keys += [HOME.unite(raw.decode()) for raw in await redis.lrange(HOME.unites(run), 0, -1)]
        records = {}
        for key in keys:
            found = await redis.hgetall(key)
            records[key] = {name.decode(): value.decode(errors="replace") for name, value in found.items()}
        path = self.folder / f"violation-{run}.json"
        path.write_text(json.dumps({"records": records, "executions": self.ledger.of_run(run)}, indent=1))

    def _dump_faults(self, number: int) -> None:
        path = self.folder / f"violation-faults-{number}.json"
        path.write_text(json.dumps(self.ledger.of_round(number), indent=1))

    def _told(self, number: int, ending_s: float, checking_s: float) -> str:
        counts = self.outcome.counts
        return (
            f"round {number}: {counts['runs']} runs, {counts['states']:,} states, {counts['faults']} faults, "
            f"{counts['executed_again']} executed again, {len(self.outcome.violations)} violations; "
            f"ended after {ending_s:.1f} s, checked in {checking_s:.1f} s"
        )
