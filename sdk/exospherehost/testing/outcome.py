"""What came of one node, as a test looks at it."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, NoReturn

from exosphere_worker.outcome import Failed, Outcome, Pruned, Requeued, Succeeded
from exospherehost.testing.notebook import LogLine


@dataclass(frozen=True, slots=True)
class NodeOutcome:
    """What came of an execution.

    Attributes:
        node: name of the node class.
        status: how it ended.
        branches: what a node returned that succeeded: one element for each branch, outputs by name.
        fanned_out: it returned a list.
        error: text of the error, in the first line its class and message; None when it did not fail.
        retryable: whether the retry policy of a graph would retry the failure.
        data: of the prune signal; None when it was not pruned.
        delay: after which time a node that requeued itself is to run again; None when it did not.
        store: the store as it is after the node: writes count when the node succeeded.
        recorded: results that `once` recorded, by key, with those given.
        executions: how often the node was executed; more than once where a fault struck.
        logs: what it wrote by `self.logger` and `self.emit`, in each of these executions.
    """

    node: str
    status: Literal["succeeded", "failed", "pruned", "requeued"]
    branches: list[dict[str, str]] = field(default_factory=list)
    fanned_out: bool = False
    error: str | None = None
    retryable: bool = False
    data: dict[str, Any] | None = None
    delay: timedelta | None = None
    store: dict[str, str] = field(default_factory=dict)
    recorded: dict[str, Any] = field(default_factory=dict)
    executions: int = 1
    logs: list[LogLine] = field(default_factory=list)

    @property
    def succeeded(self) -> bool:
        """Whether the node returned."""
        return self.status == "succeeded"

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs of a node that returned one `Outputs`, by name; none where it returned None.

        Raises:
            AssertionError: it did not succeed, or returned a list.
        """
        if not self.succeeded:
            self._fail(f"{self.node} has no outputs, it {self._told()}")
        if self.fanned_out:
            self._fail(f"{self.node} returned a list of {len(self.branches)}: look at `branches`")
        return self.branches[0]

    @staticmethod
    def _fail(sentence: str) -> NoReturn:
        raise AssertionError(sentence)

    def _told(self) -> str:
        if self.status == "succeeded":
            return f"succeeded: {self.branches if self.fanned_out else self.branches[0]}"
        if self.status == "failed":
            return f"failed ({'to be retried' if self.retryable else 'not to be retried'}): {self.error}"
        if self.status == "pruned":
            return f"was pruned: {self.data}"
        return f"asked to be run again after {self.delay}"

    def __repr__(self) -> str:
        return f"<{self.node} {self._told()}>"


def judged(
    node: str,
    outcome: Outcome,
    store: dict[str, str],
    recorded: dict[str, Any],
    executions: int,
    logs: list[LogLine],
) -> NodeOutcome:
    """Make of what a node came to what a test looks at."""
    common: dict[str, Any] = {"store": store, "recorded": recorded, "executions": executions, "logs": logs}
    if isinstance(outcome, Succeeded):
        common["store"] = {**store, **outcome.store}
        return NodeOutcome(node, "succeeded", branches=outcome.outputs, fanned_out=outcome.fanned_out, **common)
    if isinstance(outcome, Failed):
        return NodeOutcome(node, "failed", error=outcome.error, retryable=outcome.retryable, **common)
    if isinstance(outcome, Pruned):
        return NodeOutcome(node, "pruned", data=outcome.data, **common)
    assert isinstance(outcome, Requeued), f"{node} came to {outcome!r}"
    return NodeOutcome(node, "requeued", delay=timedelta(milliseconds=outcome.delay_ms), **common)
