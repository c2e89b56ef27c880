"""What follows a success. Pure: from a compiled graph, a state's task, its outputs and read values to `Offspring`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from exosphere_core.graph.plan import GraphPlan
from exosphere_core.ids import derived_id, member
from exosphere_core.records import Executed, Rerun, Task, TextMap, UnitePlan, encode
from exosphere_core.store.offspring import CHUNK
from exosphere_orchestrator.engine.births import Births, Part
from exosphere_orchestrator.engine.inputs import Limits, Unresolvable
from exosphere_orchestrator.engine.touches import touches_of


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
    if limits.max_fields is not None and (most := max(map(len, results), default=0)) > limits.max_fields:
        raise Unresolvable(
            f"{task.identifier!r} gave an output of {most} fields; the limit is {limits.max_fields} (EXOSPHERE_MAX_FIELDS)"
        )
    if excess := limits.store_excess(executed.store):
        raise Unresolvable(f"what {task.identifier!r} wrote to the store {excess}")
    width = len(results) if executed.fanned_out else None
    touches = touches_of(graph, state, task, width, executed.origin, rerun)
    births = Births(graph, state, task, executed, outputs, store, limits, rerun, touches)
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
        trace=plan.trace,
    )


def lost_join_of(unite: str, plan: UnitePlan) -> tuple[str, Task]:
    """The state that tells of a unite whose graph version is lost: which node it would have run is not known."""
    return derived_id("join", unite), Task(
        run=plan.run,
        home=plan.home,
        graph=plan.graph,
        version=plan.version,
        identifier=plan.identifier,
        node=plan.identifier,
        namespace=plan.home,
        parents=plan.parents,
        branch=plan.branch,
        unites=plan.unites,
    )
