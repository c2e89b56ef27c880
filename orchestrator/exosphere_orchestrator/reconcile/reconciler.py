"""The reconciler: sweeps over the shards, each of which may be stopped, repeated, or done by several at once."""

import asyncio
from collections.abc import Sequence
from math import inf
from time import monotonic

from exosphere_core.keys import RUNTIMES_GROUP, STATE_MANAGERS_GROUP, ShardKeys
from exosphere_core.states import RunStatus
from exosphere_core.store import catalog, survey
from exosphere_core.store.connection import Redis, is_cluster
from exosphere_core.store.faults import FAULTS, LOST
from exosphere_core.store.survey import RunTrace
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.reruns import Reruns
from exosphere_orchestrator.reconcile import groups, indexes, orphans, queues, verdict
from exosphere_orchestrator.reconcile.desk import Desk, Suspects
from exosphere_orchestrator.reconcile.examine import look
from exosphere_orchestrator.reconcile.followed import Followed
from exosphere_orchestrator.reconcile.mend import Journal, logger
from exosphere_orchestrator.reconcile.standing import Standing
from exosphere_orchestrator.reconcile.verdict import Marks

#: How long a sweep waits for reports to be applied before it leaves its suspects to the next, in s.
_WAIT_S = 5.0

#: How long a sweep over pending runs goes on before it leaves the rest to the next, in s.
_BUDGET_S = 5.0

#: How long runs in which something was wrong are followed after a sweep, in s: less than until the next one.
_FOLLOW_S = 20.0

#: How long a followed run stands still before it is looked at, in s.
STEP_S = 2.0


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
        self._kept: dict[ShardKeys, tuple[Marks, Suspects]] = {}
        self._sweeping = asyncio.Lock()
        self._standing: dict[ShardKeys, Standing] = {}
        self._followed: dict[ShardKeys, Followed] = {}
        #: Where a sweep over pending runs begins, when the one before had no time left for it.
        self._next: ShardKeys | None = None

    async def sweep_pending(self, wait_s: float = _WAIT_S, budget_s: float = _BUDGET_S) -> Journal:
        """Look at the runs that the indexes call pending and that stand still since the sweep before.

        Args:
            budget_s: after this time, in s, it ends with the run that it is at; the next sweep goes on from there.
        """
        journal = Journal()
        if self._sweeping.locked():
            # The sweep before takes longer than thought.
            return journal
        async with self._sweeping:
            await self._sweep_pending(journal, wait_s, monotonic() + budget_s)
        return journal

    async def _sweep_pending(self, journal: Journal, wait_s: float, until: float) -> None:
        homes = await self._homes()
        first = homes.index(self._next) if self._next in homes else 0
        order = homes[first:] + homes[:first]
        for at, home in enumerate(order, start=1):
            desk = self._desk(home, journal, until)
            # Whoever comes after has its turn first the next time, also when this one can't be reached.
            self._next = order[at % len(order)]
            await self._begin(desk)
            standing = self._standing.setdefault(home, Standing())
            while await standing.step(desk) and monotonic() < until:
                pass
            await self._judge(desk, min(wait_s, max(0.0, until - monotonic())))
            await self._close(desk)
            if monotonic() >= until:
                break

    async def follow(self, for_s: float = _FOLLOW_S) -> Journal:
        """Look again and again at the runs in which something was wrong, until none is left or the time is over.

        Args:
            for_s: how long it goes on at the most, in s.
        """
        journal = Journal()
        if self._sweeping.locked():
            return journal
        until = monotonic() + for_s
        async with self._sweeping:
            while (left_s := until - monotonic()) > 0 and any(self._followed.values()):
                await asyncio.sleep(min(STEP_S, left_s))
                for home, followed in list(self._followed.items()):
                    try:
                        await self._follow(followed, self._desk(home, journal, until))
                    except LOST as away:
                        if not is_cluster(self._redis):
                            raise
                        logger.warning("runs of shard %d of %s can't be followed: %s", home.shard, home.namespace, away)
        return journal

    async def _follow(self, followed: Followed, desk: Desk) -> None:
        await self._begin(desk)
        await followed.step(desk)
        await self._judge(desk, min(_WAIT_S, max(0.0, desk.until - monotonic())))
        await self._close(desk)

    async def sweep_all(
        self, wait_s: float = _WAIT_S, *, thorough: bool = False, journal: Journal | None = None
    ) -> Journal:
        """Look at every record of a run, a state and a unite, whatever the indexes say. Shards of a cluster that can't be reached
        are left.

        Args:
            thorough: whether the states of ended runs are read even where their counters agree.
            journal: where it is noted what is done, while it is done; a new one when left out.
        """
        journal = Journal() if journal is None else journal
        for home in await self._homes():
            try:
                await self._sweep_shard(home, journal, wait_s, thorough=thorough)
            except FAULTS as away:
                if not is_cluster(self._redis):
                    raise
                # What the other masters have needs no less to be looked at.
                logger.warning("shard %d of %s can't be swept: %s", home.shard, home.namespace, away)
                journal.left[f"shard {home.shard} of {home.namespace} can't be reached: run it again when it can"] += 1
        return journal

    async def _sweep_shard(self, home: ShardKeys, journal: Journal, wait_s: float, *, thorough: bool) -> None:
        desk = self._desk(home, journal)
        await self._begin(desk)
        ready = [home.ready(node) for node in await catalog.read_nodes(self._redis, home.namespace)]
        await groups.ensure(desk, ready, RUNTIMES_GROUP)
        async for runs in orphans.ids_of(self._redis, home.run("*")):
            await orphans.set_runs_aside(desk, runs)
            await self._examine(desk, runs, thorough=thorough)
        for run in await orphans.sweep_states(desk):
            await self._examine(desk, [run])
        await orphans.sweep_unites(desk)
        await orphans.sweep_members(desk)
        await indexes.sweep(desk)
        await self._judge(desk, wait_s)
        await queues.sweep_due(desk)
        await queues.sweep_ready(desk)
        await queues.sweep_outbox(desk)
        await self._close(desk)

    def _desk(self, home: ShardKeys, journal: Journal, until: float = inf) -> Desk:
        return Desk(self._redis, self._plans, self._reruns, journal, home, until)

    async def _homes(self) -> list[ShardKeys]:
        namespaces = await catalog.read_namespaces(self._redis)
        return [ShardKeys(namespace, shard) for namespace in namespaces for shard in range(self._shards)]

    async def _begin(self, desk: Desk) -> None:
        """Judge what the sweep before could not."""
        await groups.ensure(desk, [desk.home.reports, desk.home.inbox], STATE_MANAGERS_GROUP)
        if (kept := self._kept.get(desk.home)) and await verdict.applied(desk, kept[0], 0):
            await verdict.convict(desk, kept[1])
            self._kept.pop(desk.home, None)

    async def _close(self, desk: Desk) -> None:
        """Tell what was put right, and remember where something was wrong."""
        if desk.ailing:
            self._followed.setdefault(desk.home, Followed()).add(desk.ailing)
        await desk.journal.write(self._redis)

    async def _examine(self, desk: Desk, ids: Sequence[str], *, thorough: bool = False) -> None:
        oldest = await catalog.now_ms(self._redis) - self._retention_ms
        for run in await survey.read_runs(self._redis, desk.home, ids):
            if run.status != RunStatus.PENDING and (
                _ended_at(run) < oldest or not (thorough or await self._is_odd(desk, run))
            ):
                continue
            await look(desk, run.id)
        await indexes.index(desk, await survey.read_runs(self._redis, desk.home, ids))

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
        marks = await verdict.mark(desk, desk.suspects)
        if await verdict.applied(desk, marks, wait_s):
            await verdict.convict(desk, desk.suspects)
        else:
            self._kept.setdefault(desk.home, (marks, desk.suspects))
            desk.journal.left["reports are still to be applied, so it can't be told yet what is lost"] += 1


def _ended_at(run: RunTrace) -> int:
    raw = run.fields.get(b"ended_at", b"0")
    return int(raw) if raw.isdigit() else 0
