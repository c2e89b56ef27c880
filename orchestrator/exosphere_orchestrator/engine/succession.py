"""What follows a success. Pure: from a compiled graph, a state's task, its outputs and read values to an `Offspring`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from exosphere_core.graph.placeholders import Expression, OutputRef, Ref
from exosphere_core.graph.plan import GraphPlan
from exosphere_core.keys import shard_keys
from exosphere_core.records import (
    Executed,
    Task,
    TextMap,
    UnitePlan,
    branch_step,
    derived_id,
    encode,
    member,
    shard_of_ours,
)
from exosphere_core.store.offspring import Child, Offspring, Sibling, UniteTouch


class Unresolvable(Exception):  # named for what it says
    """The inputs of a state can't be made; the text names the node, the field and why."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one state may bring into being; None lifts a limit."""

    max_fan_out: int | None
    max_value_bytes: int | None


#: For a fan-out that is half made: it was within the limits when it began.
UNLIMITED = Limits(max_fan_out=None, max_value_bytes=None)


@dataclass(frozen=True, slots=True)
class Succession:
    """What a success makes.

    Attributes:
        tasks: state id → task of everything made, for the cache.
        arrivals: how many successful states lead on.
    """

    outputs: bytes
    member: str
    offspring: Offspring
    arrivals: int
    tasks: dict[str, Task]


def resolve(
    inputs: Mapping[str, Expression], label: str, outputs: Mapping[str, TextMap], store: TextMap
) -> dict[str, str]:
    """Fill the placeholders of a node's inputs.

    Args:
        label: identifier of the node, for the error.
        outputs: identifier → outputs that it may read.

    Raises:
        Unresolvable: a value does not exist.
    """

    def value_of(ref: Ref) -> str:
        if isinstance(ref, OutputRef):
            values = outputs.get(ref.identifier, {})
            if ref.field in values:
                return values[ref.field]
            has = ", ".join(sorted(values)) or "none"
            raise Unresolvable(
                f"inputs of {label!r}: '{ref}' has no value: the outputs of {ref.identifier!r} are: {has}"
            )
        if ref.key in store:
            return store[ref.key]
        raise Unresolvable(f"inputs of {label!r}: '{ref}' has no value: the store has no key {ref.key!r}")

    return {field: expression.render(value_of) for field, expression in inputs.items()}


def sized(inputs: Mapping[str, str], label: str, limit: int | None) -> bytes:
    """Encode resolved inputs.

    Raises:
        Unresolvable: they are larger than the limit, in bytes of JSON.
    """
    encoded = encode(inputs)
    if limit is not None and len(encoded) > limit:
        raise Unresolvable(
            f"inputs of {label!r} are {len(encoded)} bytes of JSON; the limit is {limit} (EXOSPHERE_MAX_VALUE_BYTES)"
        )
    return encoded


def succeed(
    graph: GraphPlan,
    state: str,
    task: Task,
    executed: Executed,
    outputs: Mapping[str, TextMap],
    store: TextMap,
    limits: Limits,
) -> Succession:
    """Tell what a state's success brings into being.

    Args:
        outputs: outputs of the ancestors that its children read, by identifier.
        store: the store values that its children read.

    Raises:
        Unresolvable: the inputs of a child can't be made.
    """
    node = graph.nodes[task.identifier]
    results = executed.outputs
    if limits.max_fan_out is not None and len(results) > limits.max_fan_out:
        raise Unresolvable(
            f"{task.identifier!r} fanned out into {len(results)} branches; "
            f"the limit is {limits.max_fan_out} (EXOSPHERE_MAX_FAN_OUT)"
        )
    touches = _touches(graph, state, task, len(results) if executed.fanned_out else None)
    collected = bool(touches) and any(touch.collects for _, touch in touches)
    siblings = _siblings(state, task, results, collected) if len(results) > 1 else []
    tasks: dict[str, Task] = {}
    values = {**store, **executed.store} if executed.store else store
    children: list[Child] = []
    counted = {child: _counted(graph, child, touches) if touches else _UNCOUNTED for _, child in node.children}
    for position, result in enumerate(results):
        owner = siblings[position - 1].id if position else state
        parents = {**task.parents, task.identifier: owner}
        visible = {**outputs, task.identifier: result}
        for edge, child in node.children:
            planned = graph.nodes[child]
            unites, counts = counted[child]
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
            )
            child_id = derived_id("child", owner, child)
            inputs = sized(resolve(planned.inputs, child, visible, values), child, limits.max_value_bytes)
            tasks[child_id] = child_task
            children.append(Child(child_id, child, encode(child_task), inputs, counts, ready_key(child_task)))
    return Succession(
        outputs=encode(results[0]) if results else b"{}",
        member=member(task.identifier, task.branch, 0, state) if collected else "",
        offspring=Offspring(siblings, children, _reading(touches, len(results)) if touches else ()),
        arrivals=max(1, len(results)),
        tasks=tasks,
    )


def _siblings(state: str, task: Task, results: Sequence[TextMap], collected: bool) -> list[Sibling]:
    """The states that keep the second and every further output."""
    siblings = []
    for position in range(1, len(results)):
        sibling = derived_id("sibling", state, str(position))
        siblings.append(
            Sibling(
                sibling,
                encode(msgspec.structs.replace(task, position=position)),
                encode(results[position]),
                member(task.identifier, task.branch, position, sibling) if collected else "",
            )
        )
    return siblings


def ready_key(task: Task) -> str:
    """The ready stream that a state is queued on: its node's namespace, the run's shard index."""
    return shard_keys(task.namespace, shard_of_ours(task.run)).ready(task.node)


def retry_of(state: str, task: Task) -> tuple[str, Task]:
    """The state that retries another: same inputs, parents and branch position, one retry more."""
    again = msgspec.structs.replace(task, chain=task.chain or state, retry_count=task.retry_count + 1, replays="")
    return derived_id("retry", state), again


def retry_by_hand_of(state: str, task: Task) -> tuple[str, Task]:
    """The state that a person makes of one that failed: a retry with all its retries before it."""
    new_state, again = retry_of(state, task)
    return new_state, msgspec.structs.replace(again, retry_count=0)


def join_of(graph: GraphPlan, unite: str, plan: UnitePlan) -> tuple[str, Task]:
    """The state of a unite that fires."""
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
    )


_Touches = Sequence[tuple[str, UniteTouch]]

#: What a state counts for that no unite waits for.
_UNCOUNTED: tuple[dict[str, str], str] = ({}, "")


def _touches(graph: GraphPlan, state: str, task: Task, width: int | None) -> _Touches:
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
                    branch=branch_step(task.branch, 0, len(node.children) + node.armed.index(uniting)),
                    unites=around,
                    width=width,
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


def _reading(touches: _Touches, results: int) -> list[UniteTouch]:
    """A state without outputs gives a unite nothing to read."""
    return [touch if results else touch._replace(collects=False) for _, touch in touches]


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
