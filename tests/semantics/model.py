"""The reference model: what a graph means, as a program without Redis, clock, randomness or concurrency.

It is written to be read beside the contract, not to be fast: what can be told from the states as they are is
told from them each time, so that there is no counter here which could be wrong. One method is one thing that may happen.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import Any

from semantics.happenings import Executed, Failed, Outcome, Pruned, Requeued
from semantics.inputs import Missing, resolve, value, values
from semantics.records import State, Unite
from semantics.template import Graph, delay_bounds

#: After so many lost leases of one state its attempt has failed.
LOST_LEASES = 3


class Conflict(Exception):
    """What a person asks for is refused."""


class Model:
    """One run of one graph.

    Attributes:
        states: label → state, in the order in which they were made.
        unites: the unites that were ever armed.
        stale: how many reports changed nothing.
    """

    def __init__(self, template: dict[str, Any]) -> None:
        self.graph = Graph(template)
        self.states: dict[str, State] = {}
        self.unites: list[Unite] = []
        self.store: dict[str, str] = {}
        self.stale = 0
        self._cancelled = False
        self._fanouts: set[tuple[str, str]] = set()

    # What can be seen

    @property
    def status(self) -> str:
        """The run's status."""
        if any(state.pending for state in self.states.values()):
            return "PENDING"
        if self._cancelled:
            return "CANCELLED"
        if any(state.errored and not state.tolerated for state in self.states.values()):
            return "FAILED"
        return "SUCCESS"

    @property
    def made(self) -> Counter[str]:
        """identifier → states."""
        return Counter(state.identifier for state in self.states.values())

    @property
    def ended(self) -> Counter[tuple[str, str]]:
        """(identifier, status) → states that ended so."""
        return Counter((state.identifier, state.status) for state in self.states.values() if not state.pending)

    # What may happen

    def trigger(self, inputs: dict[str, str], store: dict[str, str], delay_ms: int) -> None:
        """The run begins with its store and its root."""
        self.store = {**self.graph.default_values, **store}
        root = self.graph.nodes[self.graph.root]
        resolved = resolve(root.inputs, lambda _, key: self.store[key])
        resolved.update({name: text for name, text in inputs.items() if name in root.inputs})
        state = State(root.identifier, root.identifier, resolved, parents={}, branch=(), scope=[])
        state.wait_ms = (delay_ms, delay_ms) if delay_ms else None
        self.states[state.label] = state

    def take(self, identifier: str) -> list[State]:
        """A runtime takes all that is ready of a node."""
        ready = [
            state for state in self.states.values()
            if state.identifier == identifier and state.status == "CREATED" and state.wait_ms is None
        ]  # fmt: skip
        for state in ready:
            state.status = "QUEUED"
        return ready

    def report(self, label: str, attempt: int, outcome: Outcome) -> None:
        """A report is applied. One of a delivery that is no longer current changes nothing."""
        state = self.states[label]
        if not state.pending or state.attempt != attempt:
            self.stale += 1
            return
        if isinstance(outcome, Executed):
            self._executed(state, outcome)
        elif isinstance(outcome, Failed):
            self._failed(state, outcome)
        elif isinstance(outcome, Pruned):
            state.status, state.data = "PRUNED", outcome.data
        else:
            if isinstance(outcome, Requeued):
                state.lost_leases = 0
            self._put_back(state, outcome.delay_ms if isinstance(outcome, Requeued) else 0)
        self._settle()

    def due(self, label: str) -> None:
        """The time has come for which a state waited."""
        self.states[label].wait_ms = None

    def lose(self, label: str) -> None:
        """The worker that holds a state shows no life."""
        state = self.states[label]
        state.lost_leases += 1
        self._put_back(state, 0)
        if state.lost_leases == LOST_LEASES:
            self._failed(state, Failed(""))
            state.error, state.reasons = None, ("lost its worker",)
            self._settle()

    def cancel(self) -> None:
        """The run is cancelled: what is pending ends, and no unite fires any more."""
        if self.status == "CANCELLED":
            return
        if self.status != "PENDING":
            raise Conflict
        self._cancelled = True
        for state in self.states.values():
            if state.pending:
                state.status = "CANCELLED"

    def retry(self, label: str, fanout_id: str) -> State:
        """An errored state is retried by hand. What waited for it waits again, and the run is pending again."""
        state = self.states[label]
        if self._cancelled or not state.errored or (state.chain, fanout_id) in self._fanouts:
            raise Conflict
        inputs = state.inputs
        if state.starved is not None:
            try:
                inputs = self._inputs_of(state.starved)
            except Missing:
                raise Conflict from None
        self._fanouts.add((state.chain, fanout_id))
        return self._again(state, inputs, 0)

    def retry_failed(self) -> list[State]:
        """All errored states are retried by hand; one that can't be is left as it is."""
        made = []
        for state in [state for state in self.states.values() if state.errored]:
            with suppress(Conflict):
                made.append(self.retry(state.label, f"all, {len(self.states)}"))
        if not made:
            raise Conflict
        return made

    # What follows

    def _executed(self, state: State, outcome: Executed) -> None:
        """A state was executed: siblings, unites and children come of it, all or none."""
        node = self.graph.nodes[state.identifier]
        outputs = outcome.outputs
        store = {**self.store, **outcome.store}
        state.outputs = outputs[0] if outputs else None
        siblings = [
            replace(state, label=f"{state.label}#{n}", position=n, attempt=1, status="SUCCESS", outputs=outputs[n])
            for n in range(1, len(outputs))
        ]
        execution = [state, *siblings]
        armed = [
            Unite(
                uniting.identifier, uniting.strategy, execution, outcome.fanned_out,
                branch=(*state.branch, (0, len(node.next_nodes) + n)),
            )
            for n, uniting in enumerate(self.graph.uniting(state.identifier))
        ]  # fmt: skip
        around = [*state.scope, *armed]
        children: list[State] = []
        try:
            for position, output in enumerate(outputs):
                parents = {**state.parents, state.identifier: execution[position].label}
                for edge, child in enumerate(node.next_nodes):
                    if self.graph.nodes[child].united is None:
                        children.append(
                            State(
                                label=f"{execution[position].label}>{child}",
                                identifier=child,
                                inputs=self._inputs(child, parents, {state.identifier: output}, store),
                                parents=parents,
                                branch=(*state.branch, (position, edge)),
                                scope=[unite for unite in around if self.graph.between(child, unite.identifier)],
                            )
                        )
        except Missing as missing:
            state.status, state.reasons = "NEXT_CREATED_ERROR", missing.args
            return
        state.status = "SUCCESS"
        self.store = store
        for unite in armed:
            unite.scope = [outer for outer in around if self.graph.between(unite.identifier, outer.identifier)]
        self.unites += armed
        self.states.update((made.label, made) for made in (*siblings, *children))

    def _failed(self, state: State, outcome: Failed) -> None:
        """An attempt failed: another one follows while retries are left."""
        policy = self.graph.nodes[state.identifier].policy
        state.error = outcome.error
        if outcome.retryable and state.retry_count < policy["max_retries"]:
            again = self._again(state, state.inputs, state.retry_count + 1)
            bounds = delay_bounds(policy, again.retry_count)
            again.wait_ms = bounds if bounds[1] > 0 else None
        else:
            state.status = "ERRORED"

    def _again(self, state: State, inputs: dict[str, str], retry_count: int) -> State:
        """The next attempt takes the place of a state that failed."""
        attempts = sum(1 for other in self.states.values() if other.chain == state.chain and other.position == 0)
        again = State(
            f"{state.chain}~{attempts}", state.identifier, inputs, state.parents, state.branch, state.scope,
            retry_count=retry_count, chain=state.chain,
        )  # fmt: skip
        self.states[again.label] = again
        state.status = "RETRY_CREATED"
        return again

    def _put_back(self, state: State, delay_ms: int) -> None:
        """The same state is ready again, under the next attempt number."""
        state.status = "CREATED"
        state.attempt += 1
        state.wait_ms = (delay_ms, delay_ms) if delay_ms else None

    def _settle(self) -> None:
        """Unites whose branches have all ended are concluded, inner ones before those around them."""
        for unite in sorted(self.unites, key=lambda unite: len(unite.scope), reverse=True):
            waited_for = any(state.pending and unite in state.scope for state in self.states.values())
            if unite.status == "OPEN" and not waited_for:
                self._conclude(unite)

    def _conclude(self, unite: Unite) -> None:
        """No branch can come any more: the table of the contract."""
        branches = [state for state in self.states.values() if unite in state.scope]
        leading = [
            state for state in (*branches, *unite.anchor)
            if state.status == "SUCCESS" and unite.identifier in self.graph.nodes[state.identifier].next_nodes
        ]  # fmt: skip
        errored = [state for state in branches if state.counts_as_errored_for(unite)]
        pruned = [state for state in branches if state.status == "PRUNED"]
        if errored and unite.strategy == "ALL_SUCCESS":
            return
        united = unite.anchor[0]
        state = State(
            label=unite.label,
            identifier=unite.identifier,
            inputs={},
            parents={**united.parents, united.identifier: united.label},
            branch=unite.branch,
            scope=unite.scope,
        )
        if pruned and not errored and not leading:
            unite.status = state.status = "PRUNED"
        else:
            unite.status = "FIRED"
            try:
                state.inputs = self._inputs_of(unite)
            except Missing as missing:
                state.status, state.reasons, state.starved = "ERRORED", missing.args, unite
        self.states[state.label] = state

    # Inputs

    def _inputs(
        self, identifier: str, parents: dict[str, str], known: dict[str, dict[str, str]], store: dict[str, str]
    ) -> dict[str, str]:
        """The inputs of a state: from its ancestors' outputs and the store. `known` goes before the records."""

        def lookup(source: str | None, name: str) -> str:
            if source is None:
                return store[name]
            outputs = known[source] if source in known else self.states[parents[source]].outputs
            return value(outputs, source, name)

        return resolve(self.graph.nodes[identifier].inputs, lookup)

    def _inputs_of(self, unite: Unite) -> dict[str, str]:
        """The inputs of a uniting state: lists of its branches' values, plain values of the ancestors before them."""
        united = unite.anchor[0]
        parents = {**united.parents, united.identifier: united.label}

        def lookup(source: str | None, name: str) -> str:
            if source is None:
                return self.store[name]
            if source == united.identifier and unite.fanned_out:
                return values(unite.anchor, source, name)
            if source in parents:
                return value(self.states[parents[source]].outputs, source, name)
            branches = [state for state in self.states.values() if unite in state.scope]
            return values([state for state in branches if state.identifier == source], source, name)

        return resolve(self.graph.nodes[unite.identifier].inputs, lookup)
