"""What each node of a scenario does, as a function of where its state stands: executed again, it does the same again."""

import random

from exosphere_core.ids import branch_step, derived_id
from exosphere_core.records import Task
from semantics.happenings import Executed, Failed, Outcome, Pruned, Requeued
from semantics.records import State

#: Deeper branches give one output each, so that a graph stays small.
_FANS_OUT_TO = 2


class Behaviour:
    """The outcomes of one scenario. A state is told by identifier, branch and how many attempts its chain had before it.

    Args:
        writes: whether some of them write to the store, each to a key of its own: so it does not matter which is first.
    """

    def __init__(self, seed: int, *, writes: bool = False) -> None:
        self._seed = seed
        self._writes = writes
        self._requeued: set[tuple[str, str, int]] = set()

    def of(self, identifier: str, branch: str, attempts: int) -> Outcome:
        """What comes of a delivery."""
        place = (identifier, branch, attempts)
        draw = random.Random(f"{self._seed} {place}")
        chance = draw.random()
        if chance < 0.06 and place not in self._requeued:
            self._requeued.add(place)
            return Requeued(draw.choice([0, 3_600_000]))
        if chance < 0.18:
            return Failed("boom", retryable=draw.random() < 0.7)
        if chance < 0.25:
            return Pruned({"why": branch})
        writes = {}
        if self._writes and draw.random() < 0.4:
            writes = {f"of_{identifier}{branch.replace('.', '_')}": f"{attempts}"}
        if chance < 0.55 and branch.count(".") <= _FANS_OUT_TO:
            width = draw.choice([0, 1, 2, 3])
            outputs = [{"v": f"{identifier}{branch}/{n}"} for n in range(width)]
            return Executed(outputs, fanned_out=True, store=writes)
        return Executed([{"v": f"{identifier}{branch}"}], store=writes)


def branch_of(state: State) -> str:
    """A model's branch as the engine spells it."""
    text = ""
    for position, edge in state.branch:
        text = branch_step(text, position, edge)
    return text


def modelled_attempts(state: State) -> int:
    """How many attempts the chain of a model's state had before it."""
    return 0 if state.label == state.chain else int(state.label.rpartition("~")[2])


def attempts_before(state: str, task: Task) -> int:
    """The same of a state of the engine: the ids of a chain follow from each other."""
    attempt, count = task.chain or state, 0
    while attempt != state:
        attempt, count = derived_id("retry", attempt), count + 1
    return count
