"""Names each state of the engine by how it came to be: its direct parent, its position, the states that it retries."""

from redis.asyncio import Redis

from engine.world import home_of
from exosphere_core.records import StateField, Task, decode_task
from exosphere_core.store.reads import read_state_ids
from semantics.template import Graph


class Labels:
    """State id → label, for the states of one run. What is told from is their records' structure alone."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._tasks: dict[str, Task] = {}
        #: id of a state → id of the one that it retries
        self._retries: dict[str, str] = {}
        #: what attempts of one state and its siblings share → ids of the attempts
        self._places: dict[tuple[str, tuple[str, ...], str], list[str]] = {}
        self._labels: dict[str, str] = {}

    def __getitem__(self, state: str) -> str:
        """The label of a state that is known. Raises KeyError for another one."""
        return self._labels[state]

    def __contains__(self, state: object) -> bool:
        return state in self._labels

    def id_of(self, label: str) -> str | None:
        """The id of a state, or None when there is none with this label."""
        return next((state for state, known in self._labels.items() if known == label), None)

    async def learn(self, redis: Redis, run: str) -> list[str]:
        """Read what was made since the last time. Returns the ids of all states."""
        home = home_of(run)
        ids = await read_state_ids(redis, home, run)
        assert len(ids) == len(set(ids)), "a state is listed twice"
        new = [state for state in ids if state not in self._tasks]
        pipeline = redis.pipeline(transaction=False)
        for state in new:
            pipeline.hget(home.state(state), StateField.TASK)
        for state, task in zip(new, await pipeline.execute(), strict=True):
            self._tasks[state] = decode_task(task)
        attempts = [state for state in new if not self._tasks[state].position]
        for state in attempts:
            self._places.setdefault(_place(self._tasks[state]), []).append(state)
        crowded = {_place(self._tasks[state]) for state in attempts}
        asked = [state for place in crowded if len(self._places[place]) > 1 for state in self._places[place]]
        pipeline = redis.pipeline(transaction=False)
        for state in asked:
            pipeline.hget(home.state(state), StateField.RETRIED_BY)
        for state, retry in zip(asked, await pipeline.execute(), strict=True):
            if retry is not None:
                self._retries[retry.decode()] = state
        for state in new:
            self._label(state)
        assert len(set(self._labels.values())) == len(ids), (
            f"two came to be in the same way: {sorted(self._labels.values())}"
        )
        return ids

    def _label(self, state: str) -> str:
        if state not in self._labels:
            self._labels[state] = self._told(state, self._tasks[state])
        return self._labels[state]

    def _told(self, state: str, task: Task) -> str:
        if task.position:
            # Siblings are made by the attempt that succeeded: the one that nobody retries.
            retried = set(self._retries.values())
            (executed,) = [other for other in self._places[_place(task)] if other not in retried]
            return f"{self._label(executed)}#{task.position}"
        first, attempts = state, 0
        while first in self._retries:
            first, attempts = self._retries[first], attempts + 1
        if attempts:
            return f"{self._label(first)}~{attempts}"
        if not task.parents:
            return task.identifier
        parent = list(task.parents.values())[-1]
        return self._label(parent) + ("^" if self._graph.nodes[task.identifier].united else ">") + task.identifier


def _place(task: Task) -> tuple[str, tuple[str, ...], str]:
    return task.identifier, tuple(task.parents.values()), task.branch
