"""Counts of a run's states: what its counters and those of its unites should say. Pure; memory is per unite, not per state."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from exosphere_core.graph.plan import GraphPlan, NodePlan
from exosphere_core.ids import ERRORED_MEMBERS, derived_id, member
from exosphere_core.states import FAILED, PENDING, Status, UniteStatus
from exosphere_core.store.survey import RunTrace, StateTrace, UniteTrace


@dataclass(slots=True)
class Branches:
    """What a unite's branches come to.

    Attributes:
        members: how many it will read, but for those noted as errored.
        growing: whether the state that armed it is being applied in chunks.
    """

    pending: int = 0
    arrived: int = 0
    errored: int = 0
    pruned: int = 0
    members: int = 0
    growing: bool = False


class Tally:
    """Counts states as they are read.

    Attributes:
        errored_members: pairs of unite and member that should exist; taken by the reader after each page.
        failed_joins: ids of failed states of unites: where their inputs could not be made, a retry by hand reads the branches again.
        loose: whether the numbers can't tell that nothing is missing, so that each record must be looked for.
    """

    def __init__(self, graph: GraphPlan, unites: Mapping[str, UniteTrace]) -> None:
        self.open = 0
        self.untolerated = 0
        self.made: Counter[str] = Counter()
        self.ended: Counter[tuple[str, str]] = Counter()
        self.branches = {unite: Branches() for unite in unites}
        self.errored_members: list[tuple[str, str]] = []
        self.failed_joins: set[str] = set()
        self.loose = False
        self._graph = graph
        self._unites = unites
        self._births: Counter[str] = Counter({graph.root: 1})
        self._armed = 0
        #: Armed unites whose anchor was not read yet.
        self._unanchored = {unite.id for unite in unites.values() if unite.status == UniteStatus.ARMED}
        for unite in unites.values():
            if unite.status in (UniteStatus.FIRED, UniteStatus.PRUNED):
                self._births[unite.plan.identifier] += 1
            elif unite.status == UniteStatus.ARMED:
                self.open += 1
                for outer in unite.plan.unites.values():
                    self._of(outer).pending += 1

    def add(self, state: StateTrace) -> None:
        """Count a state."""
        task = state.task
        node = self._graph.nodes.get(task.identifier)
        if node is None:
            self.loose = True
            return
        self.made[task.identifier] += 1
        if node.armed and self._unanchored and not task.position:
            self._unanchored.difference_update(derived_id("unite", state.id, uniting) for uniting in node.armed)
        if state.status in PENDING:
            self.open += 1
            # What it brings into being may be there already.
            self.loose |= state.restored
        else:
            self.ended[task.identifier, state.status] += 1
        if state.status in FAILED and node.unites is not None:
            self.failed_joins.add(state.id)
        if state.status in FAILED and not state.tolerated:
            self.untolerated += 1
        for uniting, unite in task.unites.items():
            self._count_for(uniting, unite, state)
        if state.status == Status.RETRY_CREATED:
            self._births[task.identifier] += 1
        elif state.status in PENDING:
            self.loose |= state.status == Status.EXECUTED
            for uniting in node.armed:
                unite = derived_id("unite", state.id, uniting)
                if unite in self.branches:
                    # It holds back what it arms until its success was applied to the last chunk; also when it armed
                    # it before and is executed again.
                    self.branches[unite].pending += 1
                    self.branches[unite].growing = True
        elif state.status == Status.SUCCESS and not task.position:
            self._succeeded(node, state)

    def hold(self, state: StateTrace) -> None:
        """Count one more for a success whose lost children can't be made yet: neither run nor unites end without them."""
        self.open += 1
        armed = self._graph.nodes[state.task.identifier].armed
        for unite in (*state.task.unites.values(), *(derived_id("unite", state.id, uniting) for uniting in armed)):
            self._of(unite).pending += 1

    def hold_unanchored(self) -> None:
        """Once all states were counted: a unite whose anchor is lost waits until that was made again, as long as anything else moves on."""
        if self.open > len(self._unanchored):
            for unite in self._unanchored:
                self.branches[unite].pending += 1
                self.branches[unite].growing = True

    def is_whole(self) -> bool:
        """Whether there are as many states and unites as those that are there brought into being."""
        return not self.loose and self.made == self._births and self._armed == len(self._unites)

    def counters(self, run: RunTrace) -> dict[str, int]:
        """The counters that a run's record has wrong, with what they should be."""
        right = {f"made/{identifier}": count for identifier, count in self.made.items()}
        right |= {f"ended/{identifier}/{status}": count for (identifier, status), count in self.ended.items()}
        right["untolerated"] = self.untolerated
        for raw in run.fields:
            name = raw.decode(errors="replace")
            if name.startswith(("made/", "ended/")):
                right.setdefault(name, 0)
        return {name: count for name, count in right.items() if _number(run.fields.get(name.encode(), b"0")) != count}

    def status(self, run: RunTrace) -> str:
        """The status that a run should have."""
        if self.open:
            return "PENDING"
        return "CANCELLED" if run.cancelled else "FAILED" if self.untolerated else "SUCCESS"

    def right(self, unite: UniteTrace) -> UniteTrace:
        """A unite as it should be."""
        counted = self.branches[unite.id]
        rule = self._graph.nodes[unite.plan.identifier].unites
        status = unite.status
        if status == UniteStatus.WAITING and (counted.pending or not counted.errored):
            status = UniteStatus.ARMED.value
        return unite._replace(
            status=status,
            strategy=rule.strategy if rule is not None else unite.strategy,
            around=unite.around if _same(unite) else " ".join(unite.plan.unites.values()),
            pending=str(counted.pending),
            arrived=str(counted.arrived),
            errored=str(counted.errored),
            pruned=str(counted.pruned),
        )

    def _of(self, unite: str) -> Branches:
        if unite not in self.branches:
            # It is missing itself.
            self.loose = True
            return Branches()
        return self.branches[unite]

    def _count_for(self, uniting: str, unite: str, state: StateTrace) -> None:
        counted = self._of(unite)
        rule = self._graph.nodes[uniting].unites
        if state.status in PENDING:
            counted.pending += 1
        elif state.status in FAILED:
            if unite not in state.hidden:
                counted.errored += 1
            if rule is not None and rule.strategy == "ALL_DONE" and unite in self.branches:
                name = member(ERRORED_MEMBERS, state.task.branch, state.task.position, state.id)
                self.errored_members.append((unite, name))
        elif state.status == Status.PRUNED:
            counted.pruned += 1
        elif (
            state.status == Status.SUCCESS
            and state.outputs
            and rule is not None
            and state.task.identifier in rule.collected
        ):
            counted.members += 1

    def _succeeded(self, node: NodePlan, state: StateTrace) -> None:
        outputs = state.outputs
        for uniting, unite in state.task.unites.items():
            if uniting in node.leads_to:
                self._of(unite).arrived += max(1, outputs)
        for uniting in node.armed:
            counted = self._of(derived_id("unite", state.id, uniting))
            rule = self._graph.nodes[uniting].unites
            if uniting in node.leads_to:
                counted.arrived += max(1, outputs)
            if rule is not None and node.identifier in rule.collected:
                counted.members += outputs
        self._armed += len(node.armed)
        for _, child in node.children:
            if outputs:
                self._births[child] += outputs
        if outputs > 1:
            self._births[node.identifier] += outputs - 1


def _same(unite: UniteTrace) -> bool:
    return set(unite.around.split()) == set(unite.plan.unites.values())


def _number(raw: bytes) -> int | None:
    text = raw.decode(errors="replace")
    return int(text) if text.lstrip("-").isdecimal() else None
