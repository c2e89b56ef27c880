"""The tasks of living states, kept in memory by whoever made them: most reports then need no read of the record."""

from exosphere_core.keys import ShardKeys
from exosphere_core.records import Task
from exosphere_core.store.connection import Redis
from exosphere_core.store.corrupt import Unreadable
from exosphere_core.store.reads import read_tasks

#: About 200 MB at the most, at some 1 KB a task.
_KEPT = 200_000


#: So many others may be kept when the task of a new run is still remembered: what waits in a long backlog must not drive out
#: what runs now.
_ROOM = 50_000


class TaskCache:
    """state id → task. A task never changes, so a copy is never wrong."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._tasks: dict[str, Task] = {}

    def keep(self, tasks: dict[str, Task]) -> None:
        """Remember tasks that were just made. The oldest half is forgotten when there are too many."""
        self._tasks.update(tasks)
        if len(self._tasks) > _KEPT:
            for state in list(self._tasks)[: _KEPT // 2]:
                del self._tasks[state]

    def keep_roots(self, tasks: dict[str, Task]) -> None:
        """Remember the tasks of runs that were just made, if there is room: their turn may come late."""
        if len(self._tasks) < _ROOM:
            self._tasks.update(tasks)

    def forget(self, state: str) -> None:
        """A state has ended."""
        self._tasks.pop(state, None)

    def clear(self) -> None:
        """Forget all: Redis may have lost states."""
        self._tasks.clear()

    async def get_many(
        self, states: list[tuple[ShardKeys, str]], unreadable: Unreadable | None = None
    ) -> list[Task | None]:
        """Return tasks, reading those that are not in memory in one round trip; None for a state that does not exist.

        Args:
            unreadable: as `store.reads` has it.

        Raises:
            CorruptRecord: a record can't be read, and `unreadable` is not given.
        """
        found = [self._tasks.get(state) for _, state in states]
        missing = [index for index, task in enumerate(found) if task is None]
        if missing:
            read = await read_tasks(self._redis, [states[index] for index in missing], unreadable)
            for index, task in zip(missing, read, strict=True):
                found[index] = task
        return found
