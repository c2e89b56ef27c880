"""What happens to a run beside the damage, drawn from a seed, and what must come of it."""

import random
from typing import Any, NamedTuple

from reconcile.behaviour import Behaviour, branch_of, modelled_attempts
from semantics.draws import Draws, tape_of
from semantics.graphs import random_template
from semantics.model import Conflict, Model

#: A graph that grows larger than this is left out.
_MOST_STATES = 60

#: How often all that failed is retried by hand, where it is.
ROUNDS = 2

STORE = {"cursor": "c", "extra": "kept"}

NEIGHBOUR = "other"


class Plot(NamedTuple):
    """One scenario.

    Attributes:
        kind: `plain`; `retried`: what failed is retried by hand when the run has ended, and again; `cancelled` in the
            middle; `rerun`: the run ends unharmed, is run again from somewhere, and that is what gets damaged.
        writes: whether nodes write to the store.
        template: the graph; where some of its nodes are the neighbour's, `abroad` names them.
    """

    seed: int
    kind: str
    writes: bool
    template: dict[str, Any]
    abroad: frozenset[str]

    def behaviour(self) -> Behaviour:
        """What the nodes do; it begins anew."""
        return Behaviour(self.seed, writes=self.writes)


def plot_of(seed: int) -> Plot:
    """Draw a scenario."""
    draw = random.Random(f"plot {seed}")
    template = random_template(Draws(tape_of(seed)))
    abroad: set[str] = set()
    if draw.random() < 0.3:
        for declared in template["nodes"]:
            if draw.random() < 0.4:
                declared["namespace"] = NEIGHBOUR
                abroad.add(declared["identifier"])
    kind = draw.choice(["plain", "plain", "retried", "cancelled", "rerun"])
    return Plot(seed, kind, draw.random() < 0.5, template, frozenset(abroad))


def modelled(plot: Plot) -> Model | None:
    """Play a scenario on the model, without damage, cancel and rerun; None when it grows too large."""
    model, behaviour = Model(plot.template), plot.behaviour()
    model.trigger({}, STORE, 0)
    for retried in range(ROUNDS + 1):
        if not _ended(model, behaviour):
            return None
        try:
            if plot.kind != "retried" or retried == ROUNDS:
                break
            model.retry_failed()
        except Conflict:
            break
    return model


def _ended(model: Model, behaviour: Behaviour) -> bool:
    while model.status == "PENDING":
        if len(model.states) > _MOST_STATES:
            return False
        for state in list(model.states.values()):
            if state.status == "CREATED":
                model.due(state.label)
                model.take(state.identifier)
        for state in list(model.states.values()):
            if state.status == "QUEUED":
                outcome = behaviour.of(state.identifier, branch_of(state), modelled_attempts(state))
                model.report(state.label, state.attempt, outcome)
    return True
