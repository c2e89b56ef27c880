"""What the model keeps: states, and executions whose branches are to be joined."""

from dataclasses import dataclass, field
from typing import Any

PENDING = ("CREATED", "QUEUED")
ERRORED = ("ERRORED", "NEXT_CREATED_ERROR")

#: A place among the branches: for each step from the root the parent's position in its list, and the edge.
Branch = tuple[tuple[int, int], ...]


@dataclass(eq=False)
class Unite:
    """One execution of a united node, whose branches are to be joined once.

    Attributes:
        identifier: the uniting node.
        anchor: the states of that execution: the executed one, then its fan-out siblings.
        fanned_out: whether it returned a list.
        scope: the unites around this one.
        status: OPEN, then FIRED or PRUNED.
    """

    identifier: str
    strategy: str
    anchor: list["State"]
    fanned_out: bool
    branch: Branch
    scope: list["Unite"] = field(default_factory=list)
    status: str = "OPEN"

    @property
    def label(self) -> str:
        """The label of the state that it makes."""
        return f"{self.anchor[0].label}^{self.identifier}"


@dataclass(eq=False)
class State:
    """One execution of one node.

    Attributes:
        label: how it came to be, see `happenings`.
        parents: identifier → label of every ancestor on its branch.
        scope: the unites that it counts for.
        position: which output of its fan-out it keeps.
        reasons: what the error must mention one of, when it is the engine that words it.
        wait_ms: the least and the greatest time that it waits, from when it was last touched; None when it waits no more.
        chain: label of the first state of its attempt chain.
        starved: the unite that fired, when its inputs could not be made.
    """

    label: str
    identifier: str
    inputs: dict[str, str]
    parents: dict[str, str]
    branch: Branch
    scope: list[Unite]
    position: int = 0
    status: str = "CREATED"
    attempt: int = 1
    retry_count: int = 0
    outputs: dict[str, str] | None = None
    data: dict[str, Any] | None = None
    error: str | None = None
    reasons: tuple[str, ...] = ()
    wait_ms: tuple[int, int] | None = None
    lost_leases: int = 0
    chain: str = ""
    starved: Unite | None = None

    def __post_init__(self) -> None:
        self.chain = self.chain or self.label

    @property
    def pending(self) -> bool:
        return self.status in PENDING

    @property
    def errored(self) -> bool:
        return self.status in ERRORED

    @property
    def place(self) -> tuple[Branch, int]:
        """Sorts in branch order."""
        return self.branch, self.position

    @property
    def tolerated(self) -> bool:
        """Whether an ALL_DONE unite fired over its error."""
        return any(unite.strategy == "ALL_DONE" and unite.status == "FIRED" for unite in self.scope)

    def counts_as_errored_for(self, unite: Unite) -> bool:
        """An inner unite that tolerates an error answers for its branches: those around it do not see the error."""
        inner = [
            other for other in self.scope
            if other.strategy == "ALL_DONE" and other.status == "FIRED" and unite in other.scope
        ]  # fmt: skip
        return self.errored and unite in self.scope and not inner
