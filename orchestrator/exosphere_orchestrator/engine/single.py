"""What follows the commonest successes: one output, and one child or none. Pure."""

from collections.abc import Mapping, Sequence

import msgspec

from exosphere_core.graph.plan import GraphPlan, NodePlan
from exosphere_core.handoff import queue_of
from exosphere_core.ids import branch_step, derived_id, member
from exosphere_core.records import Executed, Task, TextMap, encode
from exosphere_core.store.delivery import Delivery
from exosphere_core.store.offspring import Child, UniteTouch
from exosphere_core.store.short_moves import Ended, Stepped
from exosphere_orchestrator.engine.inputs import Limits, resolve, sized
from exosphere_orchestrator.engine.touches import touches_of


def _is_plain(node: NodePlan, executed: Executed, limits: Limits) -> bool:
    """Whether there is one output and nothing else. What is beyond a limit is for `succession`, which says so."""
    return (
        len(executed.outputs) == 1
        and not (executed.fanned_out or executed.store or executed.origin or node.armed)
        and (limits.max_fields is None or len(executed.outputs[0]) <= limits.max_fields)
    )


def is_step(plan: GraphPlan, task: Task, executed: Executed, limits: Limits) -> bool:
    """Whether a success makes one child and moves no unite: a step of a chain, or of a branch."""
    node = plan.nodes[task.identifier]
    if len(node.children) != 1 or not _is_plain(node, executed, limits):
        return False
    ((_, child),) = node.children
    return not task.unites or all(_passes(plan, task, node, child, uniting) for uniting in task.unites)


def _passes(plan: GraphPlan, task: Task, node: NodePlan, child: str, uniting: str) -> bool:
    """Whether a unite is left as it is: it waits for the child in place of the state, and reads nothing of this."""
    rule = plan.nodes[uniting].unites
    return (
        rule is not None
        and plan.counts_for(child, uniting)
        and uniting not in node.leads_to
        and task.identifier not in rule.collected
    )


def is_end(node: NodePlan, executed: Executed, limits: Limits) -> bool:
    """Whether a success makes nothing: the end of a branch, which unites may wait for."""
    return not node.children and _is_plain(node, executed, limits)


class End(msgspec.Struct, frozen=True, gc=False):
    """A success that makes nothing, and the unites that wait for it: the same object for all that share these."""

    ended: Ended
    unites: Sequence[UniteTouch]

    @property
    def size(self) -> int:
        """How much is written, in bytes."""
        return len(self.ended.outputs)


#: One of the commonest successes.
Short = Stepped | End


class Ends:
    """The ends of branches among the reports of a batch. Branches of one run that end at the same node move the same unites."""

    def __init__(self) -> None:
        self._unites: dict[tuple[str, ...], Sequence[UniteTouch]] = {}

    def of(self, plan: GraphPlan, of: Delivery, outputs: bytes) -> End:
        """Tell what a success that makes nothing comes to."""
        task = of.task
        if not task.unites:
            return End(Ended(of, outputs, ""), ())
        where = (task.run, task.identifier, *task.unites.values())
        unites = self._unites.get(where)
        if unites is None:
            unites = self._unites[where] = [touch for _, touch in touches_of(plan, of.state, task, None, "", None)]
        collected = any(touch.collects for touch in unites)
        return End(Ended(of, outputs, member(task.identifier, task.branch, 0, of.state) if collected else ""), unites)


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
        unites=task.unites,
        timeout_ms=planned.timeout_ms,
        trace=task.trace,
    )
    visible = {**outputs, task.identifier: output} if outputs else {task.identifier: output}
    inputs = sized(resolve(planned.inputs, name, visible, store), name, limits.max_value_bytes)
    return Child(derived_id("child", of.state, name), name, encode(child), inputs, "", queue_of(of.home, child)), child
