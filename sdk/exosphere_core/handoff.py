"""Where a state whose node is of another namespace stands: on its own shard's outbox first, then in the other's queue."""

from typing import Final

from exosphere_core.keys import ShardKeys
from exosphere_core.records import Task

#: Begins `StateField.ENTRY` of a state that was queued in another namespace: ids of two streams may be alike.
_AWAY: Final = ">"


def queue_of(home: ShardKeys, task: Task) -> str:
    """Return the stream that a state is pushed on when it is ready.

    For another namespace's node it is the outbox, so that a script touches the run's own slot alone.
    """
    return home.ready(task.node) if task.namespace == home.namespace else home.outbox


def entry_away(entry: str) -> str | None:
    """Return the id of the entry in the other namespace's queue, or None for an entry of the run's own shard.

    Args:
        entry: `StateField.ENTRY` of the state.
    """
    return entry[len(_AWAY) :] if entry.startswith(_AWAY) else None
