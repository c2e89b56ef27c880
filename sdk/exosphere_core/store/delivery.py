"""One delivery of a state, as a report names it."""

import msgspec

from exosphere_core.handoff import queue_of
from exosphere_core.keys import ShardKeys
from exosphere_core.records import Task


# One for each report, as the values of the steps and of the short moves are: a struct is made in a fraction of a tuple's time.
class Delivery(msgspec.Struct, frozen=True, gc=False):
    """One delivery of a state, as a report names it.

    Attributes:
        home: the shard that holds the records.
        queue: the stream that the report came from: reports or inbox of the run's own shard.
        report: id of the report's entry.
        worker: name of the runtime that executed it; "" when that is not known.
        ran_ms: for how long, ms; None when that is not known.
    """

    state: str
    attempt: str
    task: Task
    home: ShardKeys
    queue: str
    report: str
    worker: str = ""
    ran_ms: int | None = None

    @property
    def ready(self) -> str:
        """The stream that the state is pushed on."""
        return queue_of(self.home, self.task)

    @property
    def execution(self) -> tuple[str, int | str]:
        """By whom and for how long it was executed, as the scripts take it."""
        return self.worker, "" if self.ran_ms is None else self.ran_ms
