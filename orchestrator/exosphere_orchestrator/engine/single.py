"""What follows the commonest successes: one output, and one child or none. Pure."""

from collections.abc import Mapping

from exosphere_core.graph.plan import GraphPlan, NodePlan
from exosphere_core.ids import branch_step, derived_id, member
from exosphere_core.records import Executed, Task, TextMap, encode
from exosphere_core.store.delivery import Delivery
from exosphere_core.store.offspring import Child, UniteTouch
from exosphere_orchestrator.engine.inputs import Limits, resolve, sized
from exosphere_orchestrator.engine.places import ready_key
from exosphere_orchestrator.engine.touches import touches_of


def _is_plain(node: NodePlan, executed: Executed, limits: Limits) -> bool:
    """Whether there is one output and nothing else. What is beyond a limit is for `succession`, which says so."""
    return (
        len(executed.outputs) == 1
        and not (executed.fanned_out or executed.store or executed.origin or node.armed)
        and (limits.max_fields is None or len(executed.outputs[0]) <= limits.max_fields)
    )


def is_step(node: NodePlan, task: Task, executed: Executed, limits: Limits) -> bool:
    """Whether a success makes one child and nothing else: a step of a chain."""
    return len(node.children) == 1 and not task.unites and _is_plain(node, executed, limits)


def is_end(node: NodePlan, executed: Executed, limits: Limits) -> bool:
    """Whether a success makes nothing: the end of a branch, which unites may wait for."""
    return not node.children and _is_plain(node, executed, limits)


def touched(plan: GraphPlan, of: Delivery) -> tuple[str, list[UniteTouch]]:
    """Of the end of a branch: its member in the unites that collect it, and the unites that wait for it."""
    task = of.task
    if not task.unites:
        return "", []
    touches = [touch for _, touch in touches_of(plan, of.state, task, None, "", None)]
    collected = any(touch.collects for touch in touches)
    return member(task.identifier, task.branch, 0, of.state) if collected else "", touches


def only_child(
    plan: GraphPlan, of: Delivery, output: TextMap, outputs: Mapping[str, TextMap], store: TextMap, limits: Limits
) -> tuple[Child, Task]:
    """The one child of a success, as `births` makes it among others.

    Args:
        output: the one output of the state.
        outputs: outputs of the ancestors that the child reads, by identifier.
        store: the store values that the child reads.

    Raises:
        Unresolvable: its inputs can't be made.
    """
    task = of.task
    ((edge, name),) = plan.nodes[task.identifier].children
    planned = plan.nodes[name]
    child = Task(
        run=task.run,
        home=task.home,
        graph=task.graph,
        version=task.version,
        identifier=name,
        node=planned.node,
        namespace=planned.namespace,
        parents={**task.parents, task.identifier: of.state},
        branch=branch_step(task.branch, 0, edge),
        timeout_ms=planned.timeout_ms,
        trace=task.trace,
    )
    visible = {**outputs, task.identifier: output} if outputs else {task.identifier: output}
    inputs = sized(resolve(planned.inputs, name, visible, store), name, limits.max_value_bytes)
    return Child(derived_id("child", of.state, name), name, encode(child), inputs, "", ready_key(child)), child
