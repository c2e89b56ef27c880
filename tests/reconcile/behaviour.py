"""What each node of a scenario does, as a function of where its state stands: executed again, it does the same again."""

import random

from exosphere_core.records import branch_step
from semantics.happenings import Executed, Failed, Outcome, Pruned, Requeued
from semantics.records import State

#: Deeper branches give one output each, so that a graph stays small.
_FANS_OUT_TO = 2


class Behaviour:
    """The outcomes of one scenario. A state is told by identifier, branch and retry."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._requeued: set[tuple[str, str, int]] = set()

    def of(self, identifier: str, branch: str, retry_count: int) -> Outcome:
        """What comes of a delivery."""
        place = (identifier, branch, retry_count)
        draw = random.Random(f"{self._seed} {place}")
        chance = draw.random()
        if chance < 0.06 and place not in self._requeued:
            self._requeued.add(place)
            return Requeued(draw.choice([0, 3_600_000]))
        if chance < 0.18:
            return Failed("boom", retryable=draw.random() < 0.7)
        if chance < 0.25:
            return Pruned({"why": branch})
        if chance < 0.55 and branch.count(".") <= _FANS_OUT_TO:
            width = draw.choice([0, 1, 2, 3])
            return Executed([{"v": f"{identifier}{branch}/{n}"} for n in range(width)], fanned_out=True)
        return Executed([{"v": f"{identifier}{branch}"}])


def branch_of(state: State) -> str:
    """A model's branch as the engine spells it."""
    text = ""
    for position, edge in state.branch:
        text = branch_step(text, position, edge)
    return text
