"""Runs in which something was wrong lately: they are looked at more often, as what was put right may show what else is wrong."""

from collections.abc import Iterable
from time import monotonic

from exosphere_core.states import RunStatus
from exosphere_core.store import survey
from exosphere_core.store.survey import RunTrace
from exosphere_orchestrator.reconcile.desk import Desk
from exosphere_orchestrator.reconcile.examine import look
from exosphere_orchestrator.reconcile.standing import MOST_STATES, REST, fingerprint

#: How long after something was wrong with it a run is followed, in s.
_FOLLOWED_S = 600.0

#: How long a run is left alone, at the least, in which nothing was wrong this time, in s.
_SHORTEST_REST_S = 6.0

#: How long one step looks at runs, in s; whose turn did not come is looked at first in the next.
_STEP_S = 0.5

#: The most runs of a shard that are followed; others wait for the sweeps.
_MOST_FOLLOWED = 1000


class Followed:
    """The followed runs of one shard.

    A run is looked at when it stands still between two looks. Where states were made ready again, each unite that they lead to
    waits until its branches were counted: a run of many unites, one after the other, needs a look for each of them.
    """

    def __init__(self) -> None:
        #: Run → until when it is followed, and from when on it may be looked at again, by the monotonic clock in s.
        self._until: dict[str, float] = {}
        self._rests: dict[str, float] = {}
        self._before: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._until)

    def add(self, runs: Iterable[str]) -> None:
        """Something was wrong with these."""
        until = monotonic() + _FOLLOWED_S
        for run in runs:
            if run in self._until or len(self._until) < _MOST_FOLLOWED:
                self._until[run] = until

    async def step(self, desk: Desk) -> None:
        """Look at those that stand still since the step before; forget those that have ended, or were well for long."""
        now = monotonic()
        ids = {run for run, until in self._until.items() if until > now}
        found = await survey.read_runs(desk.redis, desk.home, list(ids)) if ids else []
        pending = {run.id: run for run in found if run.status == RunStatus.PENDING}
        # One by one: another sweep may have added some while these were read.
        over = [name for name, until in self._until.items() if until <= now or (name in ids and name not in pending)]
        for name in over:
            del self._until[name]
        self._rests = {run: until for run, until in self._rests.items() if run in pending}
        before, self._before = self._before, {run.id: fingerprint(run) for run in pending.values()}
        still = [
            run
            for run in pending.values()
            if before.get(run.id) == self._before[run.id] and self._may_be_looked_at(run)
        ]
        for run in sorted(still, key=lambda run: self._rests.get(run.id, 0.0)):
            began = monotonic()
            if began >= min(desk.until, now + _STEP_S):
                return
            wrong = await look(desk, run.id)
            self._rests[run.id] = monotonic() + max((monotonic() - began) * REST, 0.0 if wrong else _SHORTEST_REST_S)

    def _may_be_looked_at(self, run: RunTrace) -> bool:
        return run.made <= MOST_STATES and self._rests.get(run.id, 0.0) <= monotonic()
