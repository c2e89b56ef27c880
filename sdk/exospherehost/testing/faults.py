"""The faults that may strike a play, and where: `pay#1:twice` strikes the first delivery of the node `pay`."""

from collections.abc import Collection
from typing import Final, Literal, get_args

FaultKind = Literal[
    "died-before",
    "died-at-line",
    "died-in-once",
    "died-after-once",
    "twice",
    "late",
    "last",
    "manager-before",
    "manager-after",
]

#: kind → what happens, as a sentence about the step that it strikes.
MEANING: Final[dict[str, str]] = {
    "died-before": "the worker took it and died before the node began; another worker took it",
    "died-at-line": "the worker died before this line of the node's `execute`; another worker took it",
    "died-in-once": "the worker died when the function given to `once` had ended and nothing was recorded yet; another worker took it",
    "died-after-once": "the worker died when `once` had recorded the result; another worker took it",
    "twice": "the worker died when the node had ended, before it could report; another worker executed the node again",
    "late": "the worker lost its lease while the node ran, and reported while another worker executed the node again",
    "last": "the worker lost its lease while the node ran, and reported when another worker had executed and reported it",
    "manager-before": "the state manager took the report and died before it applied it; another one applied it",
    "manager-after": "the state manager applied the report and died; another one, which did not know that, applied it again",
}

#: All kinds of faults.
KINDS: Final[frozenset[str]] = frozenset(get_args(FaultKind))


def kind_of(fault: str) -> str:
    """Return the kind of a fault."""
    return fault.rpartition("#")[2].partition(":")[2].partition(":")[0]


def meaning_of(fault: str) -> str:
    """Say what a fault does."""
    return MEANING[kind_of(fault)]


def check_kinds(kinds: Collection[str]) -> None:
    """Check the names of kinds of faults.

    Raises:
        ValueError: one is none.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no kind of fault; there are {', '.join(sorted(KINDS))}")


class Plan:
    """Which fault strikes a play, if any, and which ones could have.

    Args:
        fault: strikes when its place is reached; None for a play without faults.

    Attributes:
        met: the faults whose place was reached, in order.
        struck: the fault has struck.
    """

    def __init__(self, fault: str | None = None) -> None:
        self.fault = fault
        self.met: dict[str, None] = {}
        self.struck = False

    def offer(self, step: str, kind: FaultKind, detail: str) -> None:
        """A place will be reached where a fault may strike, perhaps."""
        self.met[f"{step}:{kind}:{detail}"] = None

    def line_in(self, step: str) -> str | None:
        """Tell before which line of a step's node its worker is to die; None for none."""
        start = f"{step}:died-at-line:"
        if self.fault is None or self.struck or not self.fault.startswith(start):
            return None
        return self.fault.removeprefix(start)

    def strikes(self, step: str, kind: FaultKind, detail: str = "") -> bool:
        """A place is reached where a fault may strike. Returns whether it does now; it does so once."""
        fault = f"{step}:{kind}:{detail}" if detail else f"{step}:{kind}"
        self.met[fault] = None
        if fault != self.fault or self.struck:
            return False
        self.struck = True
        return True
