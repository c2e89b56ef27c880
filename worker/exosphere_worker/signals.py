"""What a node raises to steer its own state. A node must not catch these."""

from datetime import timedelta
from typing import Any


class PruneSignal(Exception):
    """Ends this branch: the state becomes PRUNED and keeps `data`.

    Args:
        data: anything that JSON can spell, nested no deeper than the state manager reads (EXOSPHERE_MAX_JSON_DEPTH):
            else the state fails.
    """

    def __init__(self, data: dict[str, Any] | None = None) -> None:
        self.data: dict[str, Any] = {} if data is None else data
        super().__init__(f"prune signal with data: {self.data}")


class ReQueueAfterSignal(Exception):
    """Runs the same state again after `delay`: good for polling.

    Args:
        delay: how long to wait; must be more than zero.

    Raises:
        ValueError: the delay is not more than zero.
    """

    def __init__(self, delay: timedelta) -> None:
        if delay <= timedelta(0):
            raise ValueError(f"the delay must be more than zero, not {delay}")
        self.delay = delay
        super().__init__(f"requeue after {delay}")


class NonRetryableError(Exception):
    """A failure that trying again can't mend: the state fails at once, whatever its retry policy says."""
