"""What a batch of reports comes to, as values."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from exosphere_core.logs import About
from exosphere_core.records import Task
from exosphere_core.store.calls import Call
from exosphere_core.store.moves import Delivery
from exosphere_core.store.streams import Entry
from exosphere_orchestrator.engine.reports import Report
from exosphere_orchestrator.engine.single import Short

NO_TASKS: dict[str, Task] = {}


class Made(NamedTuple):
    """A script call, and state id → task of what it makes."""

    call: Call
    tasks: dict[str, Task] = NO_TASKS


class Step(msgspec.Struct, frozen=True):
    """What a report comes to: calls to apply in order, and what to do with a good reply."""

    report: Report
    of: Delivery
    #: With a short way, these are for when that is answered that there is more to it.
    calls: Iterator[Made]
    #: How many calls there will be: above one, it is a wide fan-out.
    parts: int
    #: Id of the state that may become due, and after how many ms.
    due: tuple[str, int] | None
    #: Of one of the commonest successes: what a call is made of that does for it, and that others may share.
    short: Short | None = None

    def about(self) -> About:
        """What a line of the log about it carries."""
        task = self.of.task
        return About(task.run, self.report.state, task.node, self.report.attempt, task.home)


class Batch(NamedTuple):
    """A batch of entries, sorted by what is to be done with them."""

    steps: list[Step]
    #: Of unites that settled and of runs that were cancelled: work of its own, not of one script.
    apart: list[Report]
    #: Of runs of other namespaces, whose records are in other slots.
    foreign: list[Report]
    #: Entries to be put aside, and why.
    rejected: list[tuple[Entry, str]]

    def then(self, other: "Batch") -> "Batch":
        """This one, and after it another."""
        return Batch(
            self.steps + other.steps,
            self.apart + other.apart,
            self.foreign + other.foreign,
            self.rejected + other.rejected,
        )


#: A batch of no entries.
NOTHING = Batch([], [], [], [])
