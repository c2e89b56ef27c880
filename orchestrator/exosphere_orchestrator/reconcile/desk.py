"""What the parts of a sweep share."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from exosphere_core.keys import ShardKeys
from exosphere_core.store import mends
from exosphere_core.store.calls import Call, apply, apply_all
from exosphere_core.store.connection import Redis
from exosphere_core.store.faults import ResponseError
from exosphere_core.store.survey import RunTrace, StateTrace, Unreadable, run_of
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.reruns import Reruns
from exosphere_orchestrator.reconcile.mend import Journal, Kind

#: The most suspects that one sweep of a shard keeps; the next one finds the others.
MOST_SUSPECTS = 10_000


class Moved(Exception):
    """The run moved while it was looked at: what was read no longer belongs together."""


@dataclass(slots=True)
class Suspects:
    """What seems to be lost, unless a report that is on its way says otherwise.

    Attributes:
        states: that no queue holds.
        unites: that wait for nothing and do not move on.
        runs: that were cancelled and are still pending.
    """

    states: list[StateTrace] = field(default_factory=list)
    unites: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.count > 0

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.states) + len(self.unites) + len(self.runs)


@dataclass(slots=True)
class Desk:
    """One sweep of one shard.

    Attributes:
        until: when it should end, by the monotonic clock in s.
        queues: streams that were looked after.
        ailing: runs in which something was wrong, or seems to be.
    """

    redis: Redis
    plans: GraphPlans
    reruns: Reruns
    journal: Journal
    home: ShardKeys
    until: float = math.inf
    suspects: Suspects = field(default_factory=Suspects)
    queues: set[str] = field(default_factory=set)
    ailing: set[str] = field(default_factory=set)

    async def put_aside(self, what: str, key: str, found: Unreadable) -> None:
        """Put a record aside that nobody can read; from then on it is a lost one."""
        call = mends.set_aside(self.home, key, what, found.id, found.reason, found.found)
        if await apply(self.redis, call):
            self.journal.note(Kind.BROKEN, self.home, found.id)

    async def fenced(self, run: RunTrace, call: Call) -> RunTrace:
        """Apply a call that holds only while the run's record is as it was read. Returns the record afterwards.

        Raises:
            Moved: a transition came first; nothing was done.
        """
        reply: list[bytes] = await apply(self.redis, call)
        after = run_of(run.id, dict(zip(reply[::2], reply[1::2], strict=True)))
        if not isinstance(after, RunTrace):
            raise Moved
        return after

    async def all_of(self, calls: Sequence[Call]) -> list[Any]:
        """Apply calls that are each fenced by themselves.

        Raises:
            redis.exceptions.ResponseError: Redis refused one.
        """
        replies = await apply_all(self.redis, calls)
        for reply in replies:
            if isinstance(reply, ResponseError):
                raise reply
        return replies
