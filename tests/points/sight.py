"""What somebody who looks at Redis sees of the runs, between two steps of a play."""

from typing import NamedTuple

from engine.world import HOME
from exosphere_core.store import reads
from exosphere_core.store.connection import Redis, ask


class Seen(NamedTuple):
    """A state."""

    id: str
    run: str
    identifier: str
    status: str
    #: Empty for the first attempt.
    chain: str


class Sight:
    """The runs as they were when it was last looked.

    Attributes:
        runs: ids, in the order in which they were first seen.
        drained: whether whoever was asked to stop has stopped.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.runs: list[str] = []
        self.statuses: dict[str, str] = {}
        self.states: list[Seen] = []
        self.drained = False

    async def look(self) -> None:
        """Look again."""
        found = [raw.decode() for raw in await ask(self._redis, "ZRANGE", HOME.runs, 0, -1)]
        self.runs += [run for run in found if run not in self.runs]
        records = await reads.read_runs(self._redis, HOME, self.runs)
        self.statuses = {run.id: run.status.value for run in records}
        self.states = []
        for run in self.runs:
            ids = await reads.read_state_ids(self._redis, HOME, run)
            self.states += [
                Seen(record.id, run, record.task.identifier, record.status.value, record.task.chain)
                for record in await reads.read_states(self._redis, HOME, ids)
            ]

    def ended(self, at_least: int) -> bool:
        """Whether so many runs were made, and all have ended."""
        return len(self.runs) >= at_least and all(status != "PENDING" for status in self.statuses.values())
