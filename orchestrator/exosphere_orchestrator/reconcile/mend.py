"""What the reconciler put right, and what it had to leave: values for the log, the operator's stream and the command."""

import logging
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from exosphere_core.keys import ShardKeys
from exosphere_core.store.connection import Redis
from exosphere_core.store.faults import FAULTS
from exosphere_core.store.mended import note_mends

logger = logging.getLogger("exosphere.reconciler")

#: How many ids one line of the log names.
_NAMED = 10


class Kind(StrEnum):
    """What was put right."""

    GROUP = "consumer group made again"
    RESTORED = "state without a queue entry made ready again"
    ANEW = "state whose further outputs were lost executed again"
    DUE = "due time"
    OUTBOX = "outbox that began anew led on"
    ENTRY = "queue entry of no current delivery taken off"
    CHILD = "lost state or unite made again"
    IMPLIED = "state that others tell more of"
    RUN_COUNTERS = "counters or status of a run"
    UNITE = "counters or status of a unite"
    MEMBERS = "branches that a unite reads"
    LIST = "list of a run's states or unites"
    SETTLED = "settled unite told again"
    CANCELLED = "cancelled run told again"
    INDEX = "index of runs"
    RUN = "record of a run made again"
    LOST = "state that can't be made again recorded as failed"
    ORPHAN = "record of a run that is gone deleted"
    BROKEN = "unreadable record put aside"


class Mend(NamedTuple):
    """One thing that was put right."""

    kind: Kind
    home: ShardKeys
    #: Of the run, state or unite; the name of a stream.
    subject: str


@dataclass(slots=True)
class Journal:
    """What one sweep did.

    Attributes:
        mended: how often each kind was put right.
        left: why something could not be put right → how often.
        busy: how many runs moved while they were looked at, and are looked at again by the next sweep.
        runs: how many runs were looked at.
        states: how many states were looked at.
    """

    mended: Counter[Kind] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    busy: int = 0
    runs: int = 0
    states: int = 0
    _new: list[Mend] = field(default_factory=list)

    def note(self, kind: Kind, home: ShardKeys, subject: str) -> None:
        """Something was put right."""
        self.mended[kind] += 1
        if len(self._new) < 1000:
            self._new.append(Mend(kind, home, subject))

    @property
    def total(self) -> int:
        """How much was put right."""
        return self.mended.total()

    @property
    def remaining(self) -> int:
        """How much could not be put right."""
        return self.left.total()

    async def write(self, redis: Redis) -> None:
        """Tell the operator: one line a kind in the log, and an entry each in the shard's stream of mends."""
        new, self._new = self._new, []
        by_home: dict[ShardKeys, list[Mend]] = {}
        for mend in new:
            by_home.setdefault(mend.home, []).append(mend)
        for home, mends in by_home.items():
            by_kind: dict[Kind, list[str]] = {}
            for mend in mends:
                by_kind.setdefault(mend.kind, []).append(mend.subject)
            for kind, subjects in by_kind.items():
                more = f" and {len(subjects) - _NAMED} more" if len(subjects) > _NAMED else ""
                logger.warning(
                    "mended in %s:%d: %s: %d: %s%s",
                    home.namespace, home.shard, kind.value, len(subjects), ", ".join(subjects[:_NAMED]), more,
                )  # fmt: skip
            try:
                await note_mends(redis, home, [(mend.kind.name.lower(), mend.subject) for mend in mends])
            except FAULTS as lost:
                # A master of a cluster may be away now, which is no matter of the shards that are there.
                logger.warning(
                    "this is not noted in the stream of mends of %s:%d: %s", home.namespace, home.shard, lost
                )
