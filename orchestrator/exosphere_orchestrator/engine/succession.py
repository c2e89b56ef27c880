"""What follows a success. Pure: from a compiled graph, a state's task, its outputs and read values to `Offspring`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from exosphere_core.graph.plan import GraphPlan
from exosphere_core.keys import shard_keys
from exosphere_core.records import (
    Executed,
    Rerun,
    Task,
    TextMap,
    UnitePlan,
    branch_step,
    derived_id,
    encode,
    member,
    shard_of_ours,
)
from exosphere_core.store.offspring import CHUNK, Child, Offspring, Sibling, UniteTouch
from exosphere_orchestrator.engine.inputs import Limits, Unresolvable, resolve, sized


@dataclass(frozen=True, slots=True)
class Part:
    """What one script makes, with state id → task of it, for the cache."""

    offspring: Offspring
    tasks: dict[str, Task]


@dataclass(frozen=True, slots=True)
class Succession:
    """What a success makes, in as many parts as it takes; a wide fan-out is computed a part at a time.

    Attributes:
        outputs: of the state itself, JSON.
        member: of the state itself in the unites that collect it.
        arrivals: how many successful states lead on.
        count: how many parts there are, at least 1.
    """

    outputs: bytes
    member: str
    arrivals: int
    count: int
    parts: Iterator[Part]


def succeed(
    graph: GraphPlan,
    state: str,
    task: Task,
    executed: Executed,
    outputs: Mapping[str, TextMap],
    store: TextMap,
    limits: Limits,
    rerun: Rerun | None = None,
) -> Succession:
    """Tell what a state's success brings into being.

    Args:
        outputs: outputs of the ancestors that its children read, by identifier.
        store: the store values that its children read.
        rerun: how the run was made from another, when these outputs are taken over from there.

    Raises:
        Unresolvable: the inputs of a child can't be made. Nothing was made then, however wide the fan-out is.
    """
    results = executed.outputs
    if limits.max_fan_out is not None and len(results) > limits.max_fan_out:
        raise Unresolvable(
            f"{task.identifier!r} fanned out into {len(results)} branches; "
            f"the limit is {limits.max_fan_out} (EXOSPHERE_MAX_FAN_OUT)"
        )
    width = len(results) if executed.fanned_out else None
    touches = _touches(graph, state, task, width, executed.origin, rerun)
    births = _Births(graph, state, task, executed, outputs, store, limits, rerun, touches)
    step = max(1, CHUNK // (1 + len(graph.nodes[task.identifier].children)))
    if len(results) <= step:
        parts = iter([births.made(0, len(results))])
    else:
        births.check()
        parts = (births.made(start, start + step) for start in range(0, len(results), step))
    return Succession(
        outputs=encode(results[0]) if results else b"{}",
        member=member(task.identifier, task.branch, 0, state) if births.collected else "",
        arrivals=max(1, len(results)),
        count=max(1, -(-len(results) // step)),
        parts=parts,
    )


#: Pairs of a uniting node's identifier and what a success does to its unite.
_Touches = Sequence[tuple[str, UniteTouch]]

#: What a state counts for that no unite waits for.
_UNCOUNTED: tuple[dict[str, str], str] = ({}, "")


class _Births:
    """Makes the siblings and children of a success, for a range of its outputs at a time."""

    __slots__ = (
        "_counted",
        "_executed",
        "_graph",
        "_limits",
        "_node",
        "_outputs",
        "_rerun",
        "_state",
        "_task",
        "_touched",
        "_values",
        "collected",
    )  # fmt: skip

    def __init__(
        self,
        graph: GraphPlan,
        state: str,
        task: Task,
        executed: Executed,
        outputs: Mapping[str, TextMap],
        store: TextMap,
        limits: Limits,
        rerun: Rerun | None,
        touches: _Touches,
    ) -> None:
        node = graph.nodes[task.identifier]
        self._graph = graph
        self._node = node
        self._state = state
        self._task = task
        self._executed = executed
        self._outputs = outputs
        self._values = {**store, **executed.store} if executed.store else store
        self._limits = limits
        self._rerun = rerun
        self._touched: Sequence[UniteTouch] = ()
        self._counted: dict[str, tuple[dict[str, str], str]] = {}
        self.collected = False
        if touches:
            # A state without outputs gives a unite nothing to read.
            reads = bool(executed.outputs)
            self._touched = [touch if reads else touch._replace(collects=False) for _, touch in touches]
            self._counted = {child: _counted(graph, child, touches) for _, child in node.children}
            self.collected = any(touch.collects for _, touch in touches)

    def check(self) -> None:
        """Resolve the inputs of every child, so that what can't be made is known before anything is.

        Raises:
            Unresolvable: the inputs of a child can't be made.
        """
        for position in range(len(self._executed.outputs)):
            for _, child in self._node.children:
                self._inputs(child, position, self._counterpart(position, child))

    def made(self, start: int, end: int) -> Part:
        """Make what belongs to the outputs at the positions from `start` up to, but not with, `end`."""
        task, results = self._task, self._executed.outputs
        siblings: list[Sibling] = []
        children: list[Child] = []
        tasks: dict[str, Task] = {}
        for position in range(start, min(end, len(results))):
            owner = self._state
            if position:
                owner = derived_id("sibling", self._state, str(position))
                siblings.append(self._sibling(owner, position))
            parents = {**task.parents, task.identifier: owner}
            for edge, child in self._node.children:
                planned = self._graph.nodes[child]
                unites, counts = self._counted.get(child, _UNCOUNTED)
                counterpart = self._counterpart(position, child)
                child_task = Task(
                    run=task.run,
                    home=task.home,
                    graph=task.graph,
                    version=task.version,
                    identifier=child,
                    node=planned.node,
                    namespace=planned.namespace,
                    parents=parents,
                    branch=branch_step(task.branch, position, edge),
                    unites=unites,
                    timeout_ms=planned.timeout_ms,
                    replays="" if starts_at(self._rerun, child, counterpart) else counterpart,
                )
                child_id = derived_id("child", owner, child)
                tasks[child_id] = child_task
                children.append(
                    Child(
                        child_id,
                        child,
                        encode(child_task),
                        self._inputs(child, position, counterpart),
                        counts,
                        birthplace(child_task),
                    )
                )
        return Part(Offspring(siblings, children, self._touched), tasks)

    def _sibling(self, sibling: str, position: int) -> Sibling:
        """The state that keeps the second or a further output."""
        task = self._task
        return Sibling(
            sibling,
            encode(msgspec.structs.replace(task, position=position)),
            encode(self._executed.outputs[position]),
            member(task.identifier, task.branch, position, sibling) if self.collected else "",
        )

    def _inputs(self, child: str, position: int, counterpart: str) -> bytes:
        visible = {**self._outputs, self._task.identifier: self._executed.outputs[position]}
        inputs = resolve(self._graph.nodes[child].inputs, child, visible, self._values)
        if self._rerun is not None and starts_at(self._rerun, child, counterpart):
            inputs |= self._rerun.inputs
        return sized(inputs, child, self._limits.max_value_bytes)

    def _counterpart(self, position: int, child: str) -> str:
        """In a rerun: the state of the earlier run that stands where this child does."""
        origin = self._executed.origin
        if not origin:
            return ""
        return derived_id("child", derived_id("sibling", origin, str(position)) if position else origin, child)


def starts_at(rerun: Rerun | None, identifier: str, counterpart: str) -> bool:
    """Whether a rerun executes this state anew because it begins there."""
    return rerun is not None and identifier == rerun.identifier and (not rerun.state or counterpart == rerun.state)


def ready_key(task: Task) -> str:
    """The ready stream that a state is queued on: its node's namespace, the run's shard index."""
    return shard_keys(task.namespace, shard_of_ours(task.run)).ready(task.node)


def birthplace(task: Task) -> str:
    """The stream that a new state goes to: of the runtimes, or of the state managers when recorded outputs are taken over."""
    return shard_keys(task.home, shard_of_ours(task.run)).reports if task.replays else ready_key(task)


def retry_of(state: str, task: Task) -> tuple[str, Task]:
    """The state that retries another: same inputs, parents and branch position, one retry more."""
    again = msgspec.structs.replace(task, chain=task.chain or state, retry_count=task.retry_count + 1, replays="")
    return derived_id("retry", state), again


def retry_by_hand_of(state: str, task: Task) -> tuple[str, Task]:
    """The state that a person makes of one that failed: a retry with all its retries before it."""
    new_state, again = retry_of(state, task)
    return new_state, msgspec.structs.replace(again, retry_count=0)


def join_of(graph: GraphPlan, unite: str, plan: UnitePlan, *, anew: bool = False) -> tuple[str, Task]:
    """The state of a unite that fires.

    Args:
        anew: whether a branch of it was executed although the run takes over another's outputs.
    """
    planned = graph.nodes[plan.identifier]
    return derived_id("join", unite), Task(
        run=plan.run,
        home=plan.home,
        graph=plan.graph,
        version=plan.version,
        identifier=plan.identifier,
        node=planned.node,
        namespace=planned.namespace,
        parents=plan.parents,
        branch=plan.branch,
        unites=plan.unites,
        timeout_ms=planned.timeout_ms,
        replays="" if anew else plan.replays,
    )


def _touches(graph: GraphPlan, state: str, task: Task, width: int | None, origin: str, rerun: Rerun | None) -> _Touches:
    """Every unite that the success moves: those it counts for, then those it arms, inner before outer."""
    node = graph.nodes[task.identifier]
    if not task.unites and not node.armed:
        return ()
    ids = {**task.unites, **{uniting: derived_id("unite", state, uniting) for uniting in node.armed}}
    ordinals = {uniting: ordinal for ordinal, uniting in enumerate(ids, start=1)}
    touches: list[tuple[str, UniteTouch]] = []
    for uniting, unite in ids.items():
        rule = graph.nodes[uniting].unites
        if rule is None:
            raise ValueError(f"{uniting!r} of graph {graph.graph!r} version {graph.version} unites nothing")
        plan = b""
        around: dict[str, str] = {}
        if uniting in node.armed:
            around = {outer: outer_id for outer, outer_id in ids.items() if graph.counts_for(uniting, outer)}
            plan = encode(
                UnitePlan(
                    run=task.run,
                    home=task.home,
                    graph=task.graph,
                    version=task.version,
                    identifier=uniting,
                    anchor=state,
                    parents={**task.parents, task.identifier: state},
                    branch=branch_step(task.branch, 0, node.armed_edges[uniting]),
                    unites=around,
                    width=width,
                    **_join_of_rerun(graph, uniting, origin, rerun),
                )
            )
        touches.append(
            (
                uniting,
                UniteTouch(
                    id=unite,
                    plan=plan,
                    strategy=rule.strategy,
                    around=",".join(str(ordinals[outer]) for outer in around),
                    leads=uniting in node.leads_to,
                    collects=task.identifier in rule.collected,
                ),
            )
        )
    return touches


def _join_of_rerun(graph: GraphPlan, uniting: str, origin: str, rerun: Rerun | None) -> dict[str, Any]:
    """What a unite's plan says when its anchor's outputs are taken over: which state's outputs its own state takes
    over, if none of its branches is executed anew, and the inputs that replace its own where the rerun begins at it."""
    if not origin or rerun is None:
        return {}
    earlier = derived_id("unite", origin, uniting)
    state = derived_id("join", earlier)
    if starts_at(rerun, uniting, state):
        return {"inputs": rerun.inputs}
    if earlier in rerun.unites or (not rerun.state and graph.counts_for(rerun.identifier, uniting)):
        return {}
    return {"replays": state}


def _counted(graph: GraphPlan, child: str, touches: _Touches) -> tuple[dict[str, str], str]:
    """The unites that a child counts for, and their ordinals."""
    counted = [
        (ordinal, uniting, touch.id)
        for ordinal, (uniting, touch) in enumerate(touches, start=1)
        if graph.counts_for(child, uniting)
    ]
    return (
        {uniting: unite for _, uniting, unite in counted},
        ",".join(str(ordinal) for ordinal, _, _ in counted),
    )
