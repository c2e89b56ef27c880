"""Where a new state goes, and where a rerun begins. Pure."""

from exosphere_core.handoff import queue_of
from exosphere_core.ids import shard_of_ours
from exosphere_core.keys import shard_keys
from exosphere_core.records import Rerun, Task


def starts_at(rerun: Rerun | None, identifier: str, counterpart: str) -> bool:
    """Whether a rerun executes this state anew because it begins there."""
    return rerun is not None and identifier == rerun.identifier and (not rerun.state or counterpart == rerun.state)


def ready_key(task: Task) -> str:
    """The stream that a state is pushed on when it is ready: the outbox, when its node is of another namespace."""
    return queue_of(shard_keys(task.home, shard_of_ours(task.run)), task)


def birthplace(task: Task) -> str:
    """The stream that a new state goes to: of the runtimes, or of the state managers when recorded outputs are taken over."""
    return shard_keys(task.home, shard_of_ours(task.run)).reports if task.replays else ready_key(task)
