"""What came of a run, as a test looks at it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from exosphere_core.states import Status
from exosphere_core.store.reads import RunRecord, StateRecord
from exospherehost.testing.notebook import LogLine, Notebook

#: How many states a result tells of when it is printed.
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class StateResult:
    """What came of one state.

    Attributes:
        status: SUCCESS, PRUNED, ERRORED, NEXT_CREATED_ERROR, CANCELLED; RETRY_CREATED where another state retries it.
        inputs: as the node was given them.
        error: None when it did not fail.
        data: of its prune signal.
        retry_count: how many retries came before.
        attempts: how many deliveries it had: one more for each requeue and each worker that died.
        executions: how often its node was executed.
        logs: what the node wrote by `self.logger` and `self.emit`, in each of these executions.
        created: when it was made, and
        ended: when it ended, in virtual time since the run was triggered.
    """

    id: str
    identifier: str
    node: str
    status: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    error: str | None
    data: dict[str, Any] | None
    retry_count: int
    attempts: int
    executions: int
    created: timedelta
    ended: timedelta
    logs: list[LogLine] = field(default_factory=list)

    def __repr__(self) -> str:
        told = f"{self.identifier} {self.status}"
        if self.retry_count:
            told += f", retry {self.retry_count}"
        if self.attempts > 1:
            told += f", {self.attempts} attempts"
        if self.error:
            return f"<{told}: {self.error.splitlines()[0]}>"
        return f"<{told}: {self.outputs}>" if self.outputs else f"<{told}>"


class GraphResult:
    """What came of a run.

    Attributes:
        run_id: id of the run.
        status: SUCCESS, FAILED or CANCELLED.
        store: the store of the run at its end.
        elapsed: how long it took in virtual time: what retries, requeues and delays waited. Nodes themselves take none.
        faults: the faults that may strike such a run, by id.
    """

    def __init__(
        self,
        run_id: str,
        status: str,
        states: Sequence[StateResult],
        store: Mapping[str, str],
        elapsed: timedelta,
        faults: tuple[str, ...],
    ) -> None:
        self.run_id = run_id
        self.status = status
        self.store = dict(store)
        self.elapsed = elapsed
        self.faults = faults
        self._states = list(states)

    @property
    def succeeded(self) -> bool:
        """Whether the run ended in success."""
        return self.status == "SUCCESS"

    def states(self, identifier: str | None = None) -> list[StateResult]:
        """Return the states of a node of the graph, or of all, in branch order, each before the one that retries it."""
        return [state for state in self._states if identifier in (None, state.identifier)]

    def state(self, identifier: str) -> StateResult:
        """Return the one state of a node; of one that was retried, the last.

        Raises:
            AssertionError: there is none, or there are several branches.
        """
        ended = [state for state in self.states(identifier) if state.status != Status.RETRY_CREATED]
        if len(ended) == 1:
            return ended[0]
        if ended:
            raise AssertionError(f"node {identifier!r} has {len(ended)} states: look at `states({identifier!r})`")
        there = ", ".join(dict.fromkeys(state.identifier for state in self._states))
        raise AssertionError(f"node {identifier!r} has no state; there are states of {there}: {self!r}")

    def outputs(self, identifier: str) -> dict[str, str]:
        """Return the outputs of the one state of a node.

        Raises:
            AssertionError: it did not succeed, or there is none, or there are several branches.
        """
        state = self.state(identifier)
        if state.status != Status.SUCCESS:
            raise AssertionError(f"node {identifier!r} has no outputs: {state!r}")
        return state.outputs

    def all_outputs(self, identifier: str) -> list[dict[str, str]]:
        """Return the outputs of all states of a node that succeeded, in branch order."""
        return [state.outputs for state in self.states(identifier) if state.status == Status.SUCCESS]

    def logs(self, identifier: str | None = None) -> list[LogLine]:
        """Return what the states of a node of the graph wrote, or all states, in branch order."""
        return [line for state in self.states(identifier) for line in state.logs]

    @property
    def errors(self) -> dict[str, str]:
        """The error of each node of the graph that failed in the end; of several branches the first."""
        found: dict[str, str] = {}
        for state in self._states:
            if state.error and state.status != Status.RETRY_CREATED:
                found.setdefault(state.identifier, state.error)
        return found

    def summary(self) -> dict[str, Any]:
        """Return what must be the same whatever fault struck: status, store, and how each branch ended."""
        ends: dict[str, list[Any]] = {}
        for state in self._states:
            if state.status != Status.RETRY_CREATED:
                ends.setdefault(state.identifier, []).append([state.status, state.outputs or state.data or {}])
        return {"status": self.status, "store": self.store, "nodes": ends}

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self._states[:_SHOWN]))
        more = f", and {len(self._states) - _SHOWN} more states" if len(self._states) > _SHOWN else ""
        return f"<run {self.status} after {self.elapsed}: {shown}{more}>"


def result_of(
    run: RunRecord,
    states: Sequence[StateRecord],
    store: Mapping[str, str],
    executions: Mapping[str, int],
    faults: tuple[str, ...],
    notebook: Notebook,
) -> GraphResult:
    """Make of the records of a run what a test looks at."""
    ordered = sorted(states, key=lambda state: (state.task.branch, state.task.position, state.task.retry_count))
    ended = run.created_at if run.ended_at is None else run.ended_at
    found = [_state(state, executions.get(state.id, 0), run.created_at, notebook) for state in ordered]
    elapsed = timedelta(milliseconds=ended - run.created_at)
    return GraphResult(run.id, run.status.value, found, store, elapsed, faults)


def _state(state: StateRecord, executions: int, triggered_ms: int, notebook: Notebook) -> StateResult:
    return StateResult(
        id=state.id,
        identifier=state.task.identifier,
        node=state.task.node,
        status=state.status.value,
        inputs=state.inputs,
        outputs=state.outputs,
        error=state.error,
        data=json.loads(state.data) if state.data else None,
        retry_count=state.task.retry_count,
        attempts=state.attempt,
        executions=executions,
        created=timedelta(milliseconds=state.created_at - triggered_ms),
        ended=timedelta(milliseconds=state.updated_at - triggered_ms),
        logs=notebook.of(state.id),
    )
