"""What brings what into being, told from records alone: ids are a function of their cause. Pure."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from exosphere_core.graph.plan import GraphPlan, NodePlan
from exosphere_core.ids import derived_id
from exosphere_core.states import FAILED, PENDING, Status
from exosphere_core.store.survey import StateTrace, UniteTrace


class Family(NamedTuple):
    """What a state brought into being, or may have.

    Attributes:
        certain: whether it must all exist; else it may, because the state's own record may be an earlier one.
    """

    certain: bool
    siblings: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    unites: tuple[str, ...] = ()
    retry: str = ""


def family_of(node: NodePlan, state: StateTrace) -> Family:
    """Tell what a state's record says that it brought into being."""
    if state.task.position:
        return Family(certain=True)
    if state.status == Status.SUCCESS:
        siblings = tuple(derived_id("sibling", state.id, str(n)) for n in range(1, state.outputs))
        owners = (state.id, *siblings) if state.outputs else ()
        children = tuple(derived_id("child", owner, child) for owner in owners for _, child in node.children)
        return Family(certain=True, siblings=siblings, children=children, unites=armed_by(node, state.id))
    if state.status == Status.RETRY_CREATED:
        return Family(certain=True, retry=derived_id("retry", state.id))
    if state.status == Status.CREATED:
        return offspring_of(node, state.id)
    if state.status in FAILED:
        return Family(certain=False, retry=derived_id("retry", state.id))
    if state.status in PENDING:
        return Family(certain=False, unites=armed_by(node, state.id))
    return Family(certain=True)


def offspring_of(node: NodePlan, state: str) -> Family:
    """The first of each kind that a state may have brought into being, whatever became of it."""
    return Family(
        certain=False,
        siblings=(derived_id("sibling", state, "1"),),
        children=tuple(derived_id("child", state, child) for _, child in node.children),
        unites=armed_by(node, state),
        retry=derived_id("retry", state),
    )


def armed_by(node: NodePlan, state: str) -> tuple[str, ...]:
    """The unites that a state's success arms."""
    return tuple(derived_id("unite", state, uniting) for uniting in node.armed)


def join_id(unite: UniteTrace) -> str:
    """The state of a unite that fires."""
    return derived_id("join", unite.id)


def tolerance_of(graph: GraphPlan, state: StateTrace, unites: Mapping[str, UniteTrace]) -> tuple[str, str] | None:
    """What an errored state should say of who tolerates it and from whom it is hidden; None when it says so."""
    tolerated, hidden = state.tolerated, state.hidden
    for unite in _tolerant(graph, state, unites):
        if unite.id not in tolerated:
            tolerated = f"{tolerated} {unite.id}".strip()
        for outer in unite.plan.unites.values():
            if outer not in hidden:
                hidden = f"{hidden} {outer}".strip()
    return None if (tolerated, hidden) == (state.tolerated, state.hidden) else (tolerated, hidden)


def _tolerant(graph: GraphPlan, state: StateTrace, unites: Mapping[str, UniteTrace]) -> Iterator[UniteTrace]:
    for uniting, unite in state.task.unites.items():
        rule = graph.nodes[uniting].unites
        found = unites.get(unite)
        if rule is not None and rule.strategy == "ALL_DONE" and found is not None and found.status == "FIRED":
            yield found
