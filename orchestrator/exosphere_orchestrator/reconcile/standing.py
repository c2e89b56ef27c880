"""Which pending runs stand still. One that moves on is not stuck, and to look at each of its states costs much."""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from time import monotonic

from exosphere_core.states import RunStatus
from exosphere_core.store import survey
from exosphere_core.store.survey import RunTrace
from exosphere_orchestrator.reconcile import indexes
from exosphere_orchestrator.reconcile.desk import Desk
from exosphere_orchestrator.reconcile.examine import look

#: A run that took some time to look at is left alone for so many times that time.
REST = 20

#: How long a run is left alone, at the least, in which nothing was to be put right, in s.
_SHORTEST_REST_S = 45.0

#: The most states of a run that is looked at here, so that a sweep ends in time; larger ones are left to the sweep over everything.
MOST_STATES = 500_000


def fingerprint(run: RunTrace) -> int:
    """Return a digest of a run's record: it stands still while that stays the same."""
    return hash(frozenset(run.fields.items()))


class Standing:
    """Goes through the pending runs of one shard, pass after pass; a pass may take several sweeps.

    A run is looked at when its record is as it was in the pass before.
    """

    def __init__(self) -> None:
        #: Run → digest of its record, in the pass before and in this one.
        self._before: dict[str, int] = {}
        self._now: dict[str, int] = {}
        #: Run → when it may be looked at again, by the monotonic clock in s.
        self._rests: dict[str, float] = {}
        self._waiting: deque[str] = deque()
        self._pages: AsyncIterator[tuple[str, list[str]]] | None = None

    async def step(self, desk: Desk) -> bool:
        """Look at one run, or for more of them. False when the pass is over."""
        if self._waiting:
            await self._look(desk, self._waiting.popleft())
            return True
        if self._pages is None:
            self._pages = indexes.pending_runs(desk.redis, desk.home)
        page = await anext(self._pages, None)
        if page is None:
            self._end()
            return False
        graph, ids = page
        await indexes.drop_gone(desk, graph, ids)
        runs = await survey.read_runs(desk.redis, desk.home, ids)
        await indexes.index(desk, [run for run in runs if run.status != RunStatus.PENDING])
        self._waiting += self._still([run for run in runs if run.status == RunStatus.PENDING])
        return True

    def _still(self, runs: Sequence[RunTrace]) -> list[str]:
        found = []
        for run in runs:
            digest = fingerprint(run)
            self._now[run.id] = digest
            rests = self._rests.get(run.id, 0.0) > monotonic()
            if self._before.get(run.id) == digest and not rests and run.made <= MOST_STATES:
                found.append(run.id)
        return found

    async def _look(self, desk: Desk, run: str) -> None:
        began, mended = monotonic(), desk.journal.total
        await look(desk, run)
        took_s = monotonic() - began
        least_s = _SHORTEST_REST_S if desk.journal.total == mended else 0.0
        self._rests[run] = monotonic() + max(took_s * REST, least_s)
        await indexes.index(desk, await survey.read_runs(desk.redis, desk.home, [run]))

    def _end(self) -> None:
        now = monotonic()
        self._rests = {run: until for run, until in self._rests.items() if until > now}
        self._before, self._now = self._now, {}
        self._pages = None
