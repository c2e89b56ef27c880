"""What may happen to a run, as values: the outcomes that a runtime reports, and the events of a scenario.

A state is named by its label, which tells how it came to be: `a` is the root; `a>b` the child of `a` at node b;
`a#1` the sibling of `a` that keeps its second output; `a>b~1` the state that retries `a>b`; `a^u` the state of the
node u that unites the branches of `a`.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Executed:
    """The node returned: `fanned_out` tells a list from one output alone. None is one empty output."""

    outputs: list[dict[str, str]]
    fanned_out: bool = False
    store: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Failed:
    """The node raised."""

    error: str
    retryable: bool = True


@dataclass(frozen=True)
class Pruned:
    """The node raised `PruneSignal`."""

    data: dict[str, Any]


@dataclass(frozen=True)
class Requeued:
    """The node raised `ReQueueAfterSignal`."""

    delay_ms: int


@dataclass(frozen=True)
class Released:
    """The runtime stopped before the node ended."""


Outcome = Executed | Failed | Pruned | Requeued | Released


@dataclass(frozen=True)
class Take:
    """A runtime takes all that is ready of a node."""

    identifier: str


@dataclass(frozen=True)
class Report:
    """A runtime reports what came of a delivery. Nothing has come of the report until it is applied."""

    label: str
    attempt: int
    outcome: Outcome


@dataclass(frozen=True)
class Apply:
    """A state manager applies all reports that wait.

    `twice`: another one applies the same reports after it, as after a crash between a step and its end.
    `partly`: what these reports set off in turn is left to whoever comes next.
    """

    manager: int = 0
    twice: bool = False
    partly: bool = False


@dataclass(frozen=True)
class Due:
    """The time has come for which a state waited."""

    label: str


@dataclass(frozen=True)
class Lose:
    """The worker that holds a delivery shows no life for a whole lease."""

    label: str


@dataclass(frozen=True)
class Cancel:
    """A person cancels the run."""


@dataclass(frozen=True)
class Retry:
    """A person retries a state."""

    label: str
    fanout_id: str


@dataclass(frozen=True)
class RetryFailed:
    """A person retries all failed states of the run."""


@dataclass(frozen=True)
class Upsert:
    """The graph is replaced by another one; the run goes on by its own version."""


Event = Take | Report | Apply | Due | Lose | Cancel | Retry | RetryFailed | Upsert


@dataclass(frozen=True)
class Scenario:
    """A graph, a trigger and what happens then.

    Attributes:
        template: the graph, as it is on the wire.
        inputs: the trigger's inputs.
        store: the trigger's store.
        delay_ms: how long the root waits.
        chunk: how many states one step of the engine makes at the most; small ones cut a fan-out into many.
    """

    template: dict[str, Any]
    events: tuple[Event, ...]
    inputs: dict[str, str] = field(default_factory=dict)
    store: dict[str, str] = field(default_factory=dict)
    delay_ms: int = 0
    chunk: int = 50
