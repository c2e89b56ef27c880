"""A scene: a graph, what its nodes do, and what people do meanwhile."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from exosphere_orchestrator.background.cron import CLAIM_LEASE_MS
from points.actors import Api
from points.sight import Sight
from semantics.happenings import Executed, Outcome
from semantics.model import Model

#: When the schedules of the cron scene are due, in unix ms.
DUE_AT = 1_750_000_000_000

#: A claim of a process that died is open to others after this, in ms.
CLAIM_MS = CLAIM_LEASE_MS + 1000


class Deed(NamedTuple):
    """An execution of a node, as far as what it does may depend on it."""

    identifier: str
    inputs: Mapping[str, str]
    retry_count: int
    #: It retries another state.
    again: bool
    #: It was put back by its own wish before.
    requeued: bool


#: What comes of an execution; None for a node that does not return before the gate is open.
Behaviour = Callable[[Deed], Outcome | None]


class Act(NamedTuple):
    """What somebody does, once the time for it has come. It is done again by another process after a fault.

    Attributes:
        when: whether the time has come.
        jobs: it is done by the background jobs; else it is a request.
        in_model: the same, for the model.
        moment_ms: what time it is for schedules; a try after a fault comes a claim's lease later.
    """

    what: str
    work: Callable[[Api, Sight], Coroutine[Any, Any, Any]]
    when: Callable[[Sight], bool] = lambda _: True
    jobs: bool = False
    in_model: Callable[[Model], Any] | None = None
    moment_ms: int | None = None


def NEVER(_: Sight) -> bool:
    """The gate stays shut."""
    return False


@dataclass(frozen=True)
class Scene:
    """One play.

    Attributes:
        chunk: how many states one script makes.
        opens: when the nodes that wait for the gate go on.
        drains: when the first runtime, or state manager, is asked to stop: its name → when.
        modelled: whether the model says what comes of it; else only what holds of every run is checked.
        status: what the runs come to.
        scheduled: the graph has a schedule that is due.
        removed: its runs are removed in the end.
        flushed: Redis does not know the scripts.
        sends: the commands that a play without faults must send, else it is not about what its name says.
    """

    name: str
    nodes: Sequence[dict[str, Any]]
    behave: Behaviour
    acts: Sequence[Act]
    more: Mapping[str, Any] = field(default_factory=dict)
    chunk: int = 3
    store: Mapping[str, str] = field(default_factory=dict)
    delay_ms: int = 0
    opens: Callable[[Sight], bool] = lambda _: True
    drains: Mapping[str, Callable[[Sight], bool]] = field(default_factory=dict)
    modelled: bool = True
    status: str = "SUCCESS"
    scheduled: bool = False
    removed: bool = False
    flushed: bool = False
    sends: tuple[str, ...] = ()

    @property
    def namespaces(self) -> dict[str, list[str]]:
        """The names of the nodes' classes, by the namespace that they are registered in."""
        found: dict[str, list[str]] = {}
        for declared in self.nodes:
            found.setdefault(declared["namespace"], []).append(declared["node_name"])
        return found

    def outcome(self, deed: Deed) -> Outcome | None:
        """What comes of an execution in the end; None when it never returns."""
        return self.behave(deed) or (None if self.opens is NEVER else values(deed))


def values(deed: Deed) -> Outcome:
    """The node returns a text that tells what it was given."""
    return Executed([{"v": deed.identifier + "".join(deed.inputs.values())}])
