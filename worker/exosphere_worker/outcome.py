"""What comes of an execution, as a value."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The node returned."""

    outputs: list[dict[str, str]]
    fanned_out: bool
    store: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """The node raised, timed out or returned something wrong."""

    error: str
    retryable: bool = True


@dataclass(frozen=True, slots=True)
class Pruned:
    """The node raised `PruneSignal`."""

    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Requeued:
    """The node raised `ReQueueAfterSignal`."""

    delay_ms: int


@dataclass(frozen=True, slots=True)
class Released:
    """The runtime stops before the node ended: the state is given back."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The lease was lost: another delivery is current, so nothing is reported."""


Outcome = Succeeded | Failed | Pruned | Requeued | Released | Lost
