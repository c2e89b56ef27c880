"""What a success does to unites: those that its state counts for, and those that it arms. Pure."""

from collections.abc import Sequence
from typing import Any

from exosphere_core.graph.plan import GraphPlan
from exosphere_core.ids import branch_step, derived_id
from exosphere_core.records import Rerun, Task, UnitePlan, encode
from exosphere_core.store.offspring import UniteTouch
from exosphere_orchestrator.engine.places import starts_at

#: Pairs of a uniting node's identifier and what a success does to its unite.
Touches = Sequence[tuple[str, UniteTouch]]


def touches_of(
    graph: GraphPlan, state: str, task: Task, width: int | None, origin: str, rerun: Rerun | None
) -> Touches:
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
                    trace=task.trace,
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


def counted_by(graph: GraphPlan, child: str, touches: Touches) -> tuple[dict[str, str], str]:
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
