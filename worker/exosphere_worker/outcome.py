"""What comes of an execution, as a value."""

from typing import Any, Final

import msgspec


class Succeeded(msgspec.Struct, frozen=True):
    """The node returned."""

    outputs: list[dict[str, str]]
    fanned_out: bool
    store: dict[str, str] = {}


class Failed(msgspec.Struct, frozen=True):
    """The node raised, timed out or returned something wrong."""

    error: str
    retryable: bool = True


class Pruned(msgspec.Struct, frozen=True):
    """The node raised `PruneSignal`."""

    data: dict[str, Any]


class Requeued(msgspec.Struct, frozen=True):
    """The node raised `ReQueueAfterSignal`."""

    delay_ms: int


class Released(msgspec.Struct, frozen=True):
    """The runtime stops before the node ended: the state is given back."""


class Lost(msgspec.Struct, frozen=True):
    """The lease was lost: another delivery is current, so nothing is reported."""


Outcome = Succeeded | Failed | Pruned | Requeued | Released | Lost

#: What operators are shown, for each kind.
OUTCOME_NAMES: Final[dict[type, str]] = {
    kind: kind.__name__.lower() for kind in (Succeeded, Failed, Pruned, Requeued, Released, Lost)
}


def name_of(outcome: Outcome) -> str:
    """Return the name that an outcome is counted by."""
    return OUTCOME_NAMES[type(outcome)]
