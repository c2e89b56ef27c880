"""From the steps of a batch to script calls: branches of one run that end alike share one. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from exosphere_core.store import short_moves
from exosphere_core.store.calls import Call
from exosphere_core.store.moves import LARGE_BYTES
from exosphere_orchestrator.engine.steps import Made, Step

#: The most branches that one script ends: it stays well below a ms.
_MOST: Final = 32


class Dispatch(NamedTuple):
    """A script call, and the steps that it is the next call of."""

    made: Made
    steps: Sequence[Step]

    @property
    def call(self) -> Call:
        """The call."""
        return self.made.call

    @property
    def is_shared(self) -> bool:
        """Whether it is of several steps."""
        return len(self.steps) > 1

    def answers(self, reply: Any) -> Iterable[tuple[Step, Any]]:
        """Pair each step with its answer: a word, and the status found."""
        if not self.is_shared:
            return ((self.steps[0], reply),)
        return zip(self.steps, zip(reply[::2], reply[1::2], strict=True), strict=True)

    def pass_on(self, step: Step) -> Step:
        """Let go of the call of a step that was answered that there is more to it: what follows is for that step alone."""
        if self.is_shared:
            next(step.calls)  # what this one did for it
        return step


def alone(step: Step) -> Dispatch:
    """The next call of a step."""
    return Dispatch(next(step.calls), (step,))


def gathered(steps: Sequence[Step]) -> list[Dispatch]:
    """The first calls of steps, as few as do. Their order among each other is of no account, as it is with several state managers."""
    found: list[Dispatch] = []
    groups: dict[tuple[str, int], list[Step]] = {}
    for step in steps:
        if step.end is None or not step.end.unites:
            found.append(alone(step))
        else:
            # Those that share what they move share the very object, as `applier` makes it once.
            groups.setdefault((step.of.queue, id(step.end.unites)), []).append(step)
    for group in groups.values():
        found += _shared(group)
    return found


def _shared(group: Sequence[Step]) -> Iterable[Dispatch]:
    some: list[Step] = []
    size = 0
    for step in group:
        assert step.end is not None
        length = len(step.end.ended.outputs)
        if some and (len(some) == _MOST or size + length > LARGE_BYTES):
            yield _dispatch(some)
            some, size = [], 0
        some.append(step)
        size += length
    yield _dispatch(some)


def _dispatch(steps: Sequence[Step]) -> Dispatch:
    if len(steps) == 1:
        return alone(steps[0])
    ends = [step.end for step in steps if step.end is not None]
    return Dispatch(Made(short_moves.finish([end.ended for end in ends], ends[0].unites)), steps)
