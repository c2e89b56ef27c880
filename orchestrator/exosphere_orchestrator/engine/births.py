"""The siblings and children that a success makes, for a range of its outputs at a time. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from exosphere_core.graph.plan import GraphPlan
from exosphere_core.ids import branch_step, derived_id, member
from exosphere_core.records import Executed, Rerun, Task, TextMap, encode
from exosphere_core.store.offspring import Child, Offspring, Sibling, UniteTouch
from exosphere_orchestrator.engine.inputs import Limits, resolve, sized
from exosphere_orchestrator.engine.places import birthplace, starts_at
from exosphere_orchestrator.engine.touches import Touches, counted_by

#: What a state counts for that no unite waits for.
_UNCOUNTED: tuple[dict[str, str], str] = ({}, "")


@dataclass(frozen=True, slots=True)
class Part:
    """What one script makes, with state id → task of it, for the cache."""

    offspring: Offspring
    tasks: dict[str, Task]


class Births:
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
        touches: Touches,
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
            self._counted = {child: counted_by(graph, child, touches) for _, child in node.children}
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
                    trace=task.trace,
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
