"""The reconciler: sweeps over the shards, each of which may be stopped, repeated, or done by several at once."""

from collections.abc import Sequence

from exosphere_core.keys import RUNTIMES_GROUP, STATE_MANAGERS_GROUP, ShardKeys
from exosphere_core.states import RunStatus
from exosphere_core.store import catalog, survey
from exosphere_core.store.connection import Redis
from exosphere_core.store.survey import RunTrace
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.reruns import Reruns
from exosphere_orchestrator.reconcile import indexes, orphans, queues, verdict
from exosphere_orchestrator.reconcile.desk import Desk, Suspects
from exosphere_orchestrator.reconcile.examine import examine
from exosphere_orchestrator.reconcile.mend import Journal

#: How long a sweep waits for reports to be applied before it leaves its suspects to the next, in s.
_WAIT_S = 5.0


class Reconciler:
    """Sweeps. What a sweep could not tell yet, because reports were on their way, is kept for the next.

    Args:
        retention_ms: how long ended runs are kept; older ones are left to those who remove them.
    """

    def __init__(self, redis: Redis, shards: int, retention_ms: int) -> None:
        self._redis = redis
        self._shards = shards
        self._retention_ms = retention_ms
        self._plans = GraphPlans(redis)
        self._reruns = Reruns(redis)
        self._kept: dict[ShardKeys, tuple[str, Suspects]] = {}

    async def sweep_pending(self, wait_s: float = _WAIT_S) -> Journal:
        """Look at the runs that the indexes call pending."""
        journal = Journal()
        for home in await self._homes():
            desk = self._desk(home, journal)
            await self._begin(desk)
            async for runs in indexes.pending_runs(desk):
                await self._examine(desk, runs, ended=False)
            await self._judge(desk, wait_s)
            await journal.write(self._redis)
        return journal

    async def sweep_all(self, wait_s: float = _WAIT_S, *, thorough: bool = False) -> Journal:
        """Look at every record of a run, a state and a unite, whatever the indexes say.

        Args:
            thorough: whether the states of ended runs are read even where their counters agree.
        """
        journal = Journal()
        for home in await self._homes():
            desk = self._desk(home, journal)
            await self._begin(desk)
            ready = [home.ready(node) for node in await catalog.read_nodes(self._redis, home.namespace)]
            await queues.ensure(desk, ready, RUNTIMES_GROUP)
            async for runs in orphans.ids_of(self._redis, home.run("*")):
                await orphans.set_runs_aside(desk, runs)
                await self._examine(desk, runs, ended=True, thorough=thorough)
            for run in await orphans.sweep_states(desk):
                await self._examine(desk, [run], ended=True)
            await orphans.sweep_unites(desk)
            await indexes.sweep(desk)
            await self._judge(desk, wait_s)
            await queues.sweep_due(desk)
            await queues.sweep_ready(desk)
            await journal.write(self._redis)
        return journal

    def _desk(self, home: ShardKeys, journal: Journal) -> Desk:
        return Desk(self._redis, self._plans, self._reruns, journal, home)

    async def _homes(self) -> list[ShardKeys]:
        namespaces = await catalog.read_namespaces(self._redis)
        return [ShardKeys(namespace, shard) for namespace in namespaces for shard in range(self._shards)]

    async def _begin(self, desk: Desk) -> None:
        """Judge what the sweep before could not."""
        await queues.ensure(desk, [desk.home.reports], STATE_MANAGERS_GROUP)
        if kept := self._kept.pop(desk.home, None):
            mark, suspects = kept
            if await verdict.applied(desk, mark, 0):
                await verdict.convict(desk, suspects)

    async def _examine(self, desk: Desk, runs: Sequence[str], *, ended: bool, thorough: bool = False) -> None:
        found = [
            run for each in runs if isinstance(run := await survey.read_run(self._redis, desk.home, each), RunTrace)
        ]
        oldest = await catalog.now_ms(self._redis) - self._retention_ms
        for run in found:
            if run.status != RunStatus.PENDING and (
                not ended or _ended_at(run) < oldest or not (thorough or await self._is_odd(desk, run))
            ):
                continue
            await examine(desk, run.id)
        again = [
            run for each in found if isinstance(run := await survey.read_run(self._redis, desk.home, each.id), RunTrace)
        ]
        await indexes.index(desk, again)

    async def _is_odd(self, desk: Desk, run: RunTrace) -> bool:
        """Whether the counters of an ended run do not agree with each other, or with the number of its states."""
        made = ended = 0
        for raw, value in run.fields.items():
            name, _, rest = raw.decode(errors="replace").partition("/")
            if rest and not value.isdigit():
                return True
            made += int(value) if name == "made" else 0
            ended += int(value) if name == "ended" else 0
        return made != ended or run.fields.get(b"open") != b"0" or made != await survey.count_listed(
            self._redis, desk.home.states(run.id)
        )  # fmt: skip

    async def _judge(self, desk: Desk, wait_s: float) -> None:
        if not desk.suspects:
            return
        mark = await verdict.mark(desk)
        if await verdict.applied(desk, mark, wait_s):
            await verdict.convict(desk, desk.suspects)
        else:
            self._kept[desk.home] = (mark, desk.suspects)
            desk.journal.left["reports are still to be applied, so it can't be told yet what is lost"] += 1


def _ended_at(run: RunTrace) -> int:
    raw = run.fields.get(b"ended_at", b"0")
    return int(raw) if raw.isdigit() else 0
