"""The campaign: rounds of work under faults, each followed by a check of every promise."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from chaos.graphs import NAMESPACE, workloads
from chaos.hands import Hands, Strike
from chaos.judge import Judge
from chaos.ledger import Ledger
from chaos.leftovers import left_after_retention, remove_ended, under_way
from chaos.mending import SWEEPS_S, count_mends, is_attended, mend
from chaos.parts import PARTS, Part
from chaos.plan import Outcome, Plan
from chaos.stage import Stage
from chaos.strays import compare
from chaos.traffic import Traffic
from exosphere_core import api
from exosphere_core.ending import end

#: How long runs may take to end once nothing strikes any more, in s.
PATIENCE_S = 60.0

#: How long a run is kept after its end while anybody may replay what Redis may have lost, in s.
_REPLAYED_S = 30.0

#: Of what is left behind so many are told.
_TOLD = 20

#: How much of an error that no agent foresaw is told, in characters.
_TOLD_OF_ERROR = 200

#: What is counted → the words of the logs that tell it.
_LOGGED = {
    "stale": "changed nothing: it reads",
    "reclaimed": "was lost: reclaimed",
    "reconnected": "the connection to Redis is back",
}


class Campaign:
    """Plays a plan in a folder."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.ledger = Ledger(folder)
        self.outcome = Outcome()
        self._workloads = {workload.name: workload for workload in workloads(plan.seed, plan.random_graphs)}
        self._traffic = Traffic(plan, self._workloads, self.ledger, self.outcome)
        self._judge = Judge(self._workloads, self.ledger, self.outcome, folder)
        self._hands = Hands(plan, [], self.outcome.counts)
        self._logged: Counter[str] = Counter()
        self._bugs: Counter[str] = Counter()
        self._round = 0
        #: Which histories of writes Redis served at the end of the round before.
        self._histories: frozenset[str] = frozenset()
        self.redis_version = ""

    async def run(self) -> Outcome:
        """Play all parts, each for its share of the time. A violation ends it."""
        began = time.monotonic()
        parts = [PARTS[name] for name in self.plan.parts]
        whole, share = sum(part.share for part in parts), 0.0
        whole_of_faults = sum(part.share_of_faults for part in parts)
        for part in parts:
            share += part.share / whole
            until = began + self.plan.minutes * 60 * share
            wanted = Counter(
                states=int(self.plan.states * part.share / whole),
                faults=int(self.plan.least_faults * part.share_of_faults / whole_of_faults),
            )
            # Each of the faults that this kind of Redis is there for must have struck.
            wanted.update({f"struck: {fault.name}": 1 for fault in part.own(self.plan.faults)})
            if not self.outcome.violations:
                await self._part(part, wanted, until)
        self.outcome.seconds = time.monotonic() - began
        return self.outcome

    async def _part(self, part: Part, wanted: Counter[str], until: float) -> None:
        """At least one round, on one set of processes.

        Args:
            wanted: what must be counted before it is enough; what is missing when the time is over is a violation, but for
                states and faults at all.
            until: when it ends all the same, monotonic, in s.
        """
        place = self.folder / part.name
        place.mkdir()
        redis = part.make(self.plan.redis_binary, place)
        self.redis_version = redis.version
        stage = Stage(redis, place, self.ledger.incoming, self.plan.managers, self.plan.runtimes, self.plan.lease_ms)
        self._logged = Counter()
        self._bugs = Counter()
        self._hands = Hands(self.plan, part.faults(self.plan.faults), self.outcome.counts)
        began, before = time.monotonic(), self.outcome.counts.copy()
        try:
            await stage.start()
            await self._store_graphs(stage)
            self._histories = await redis.histories()
            while True:
                await self._play_round(stage)
                played = self.outcome.counts - before
                missing = wanted - played
                met = all(self.outcome.counts[word] for word in self.plan.meets)
                if self.outcome.violations or (met and not missing) or time.monotonic() >= until:
                    break
            if not self.outcome.violations:
                self.outcome.violations += [
                    f"vacuous: {word} is missing in the part {part.name}"
                    for word in missing
                    if word.startswith("struck:")
                ]
                await self._remove_all(stage)
        finally:
            self.outcome.counts.update({f"ended by itself: {what}": n for what, n in stage.started_again.items()})
            played = self.outcome.counts - before
            self.outcome.parts[part.name] = Counter(
                runs=played["runs"], states=played["states"], faults=played["faults"], failovers=played["failovers"],
                seconds=int(time.monotonic() - began),
            )  # fmt: skip
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
        enough = asyncio.Event()
        working = asyncio.create_task(self._traffic.trigger_until(enough, stage, number))
        supervising = asyncio.create_task(stage.supervise())
        striking = asyncio.create_task(self._hands.strike_until(time.monotonic() + self.plan.round_s, stage, number))
        try:
            await asyncio.wait([working, striking], return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
            await striking
            enough.set()
            struck_s = time.monotonic()
            # Still supervised: what was just started may find a connection cut by the last fault, and end.
            await stage.heal()
        finally:
            enough.set()
            await end(striking, supervising)
        # A trigger that is under way still may yet make a run.
        await working
        strikes = self._hands.taken()
        lossy = await self._has_lost(stage, strikes)
        violations = await mend(stage) if lossy and is_attended(number) else []
        ended = await self._wait_until_ended(stage, PATIENCE_S + (SWEEPS_S if lossy else 0))
        recoveries = [None if strike.recovered is None else await strike.recovered for strike in strikes]
        ended_s = time.monotonic()
        self.ledger.collect(number)
        self._note_faults(number, strikes, recoveries)
        self._read_logs(stage)
        self.outcome.counts += await count_mends(stage)
        violations += [] if ended else ["runs did not end: stuck"]
        violations += await self._judge.check(stage, number, lossy=lossy)
        violations += await self._strays(stage)
        if not violations:
            for home in stage.homes:
                self._judge.removed.update(await remove_ended(stage.redis.client, home, _REPLAYED_S))
            violations += await self._strays(stage)
        self.outcome.violations += [f"seed {self.plan.seed} round {number}: {line}" for line in violations]
        print(self._told(number, ended_s - struck_s, time.monotonic() - ended_s), flush=True)

    async def _strays(self, stage: Stage) -> list[str]:
        compared = await compare(stage.redis.client, stage.homes)
        self.outcome.counts["keys"] += compared.keys
        return compared.strays[:_TOLD]

    async def _has_lost(self, stage: Stage, strikes: Sequence[Strike]) -> bool:
        """Whether Redis may have lost in this round what it acknowledged: by a fault, or as a replica took over, for whatever reason."""
        histories = await stage.redis.histories()
        new = bool(histories - self._histories)
        self._histories = histories
        self.outcome.counts["failovers"] += new
        return new or any(strike.fault.loses for strike in strikes)

    def _read_logs(self, stage: Stage) -> None:
        """Count what the logs tell since the last time."""
        logged = Counter(stage.log_counts(*_LOGGED.values()))
        for name, words in _LOGGED.items():
            self.outcome.counts[name] += logged[words] - self._logged[words]
        self._logged = logged
        bugs = Counter(stage.stack.bugs())
        for error, times in (bugs - self._bugs).items():
            self.outcome.counts[f"not foreseen: {error[:_TOLD_OF_ERROR]}"] += times
        self._bugs = bugs

    async def _remove_all(self, stage: Stage) -> None:
        """Remove what is left, with nobody there who would replay it."""
        stage.stack.close()
        for home in stage.homes:
            await remove_ended(stage.redis.client, home, 0)
        left = await left_after_retention(stage.redis.client)
        self.outcome.violations += [f"seed {self.plan.seed}: retention left {key}" for key in left[:_TOLD]]

    async def _wait_until_ended(self, stage: Stage, within_s: float) -> bool:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if not await self._traffic.pending(stage) and await self._is_at_rest(stage):
                return True
            await asyncio.sleep(0.1)
        return False

    async def _is_at_rest(self, stage: Stage) -> bool:
        for home in stage.homes:
            if await under_way(stage.redis.client, home, stage.nodes):
                return False
        return True

    def _note_faults(self, number: int, strikes: Sequence[Strike], recoveries: Sequence[int | None]) -> None:
        for (fault, struck, waiting), seen in zip(strikes, recoveries, strict=True):
            recovered = seen if waiting is not None else self.ledger.next_start(struck.healed_ns)
            recovery = None if recovered is None else recovered - struck.healed_ns
            self.ledger.struck(number, fault.name, struck.detail, struck.at_ns, struck.healed_ns, recovery)

    def _told(self, number: int, ending_s: float, checking_s: float) -> str:
        counts = self.outcome.counts
        return (
            f"round {number}: {counts['runs']} runs, {counts['states']:,} states, {counts['faults']} faults, "
            f"{counts['executed_again']} executed again, {len(self.outcome.violations)} violations; "
            f"ended after {ending_s:.1f} s, checked in {checking_s:.1f} s"
        )
