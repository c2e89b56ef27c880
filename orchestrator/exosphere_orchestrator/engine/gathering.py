"""From the steps of a batch to script calls: the commonest successes share one, and each comes to what it would come to alone. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from exosphere_core.records import Task
from exosphere_core.store import short_moves
from exosphere_core.store.calls import Call
from exosphere_core.store.moves import LARGE_BYTES
from exosphere_core.store.short_moves import Stepped
from exosphere_orchestrator.engine.single import Short
from exosphere_orchestrator.engine.steps import NO_TASKS, Made, Step

#: The most states that one script moves: it stays below a ms.
_MOST: Final = 32

#: Answers of a call: each step with the tasks of what it made, and the answer to it, a word and the status found.
Answers = Iterator[tuple[Step, dict[str, Task], Any]]


class Dispatch(NamedTuple):
    """A script call, and the steps that it is for.

    Attributes:
        tasks: per step, of the states that it makes.
        is_short: whether the reply has two words for each step, and not what the one step's move answers.
    """

    call: Call
    steps: Sequence[Step]
    tasks: Sequence[dict[str, Task]]
    is_short: bool

    @property
    def is_shared(self) -> bool:
        """Whether it is for several steps."""
        return len(self.steps) > 1

    def answers(self, reply: Any) -> Answers:
        """Pair each step with its answer."""
        answers = zip(reply[::2], reply[1::2], strict=True) if self.is_short else (reply,)
        return zip(self.steps, self.tasks, answers, strict=True)


def further(step: Step) -> Dispatch:
    """The next call of a step, other than the short one."""
    made: Made = next(step.calls)
    return Dispatch(made.call, (step,), (made.tasks,), False)


def alone(step: Step) -> Dispatch:
    """The first call of a step, for itself."""
    return further(step) if step.short is None else _short([step], [step.short])


def gathered(steps: Iterable[Step]) -> list[Dispatch]:
    """The first calls of steps, as few as do. Their order among each other is of no account, as it is with several state managers."""
    found: list[Dispatch] = []
    groups: dict[tuple[str, int], tuple[list[Step], list[Short]]] = {}
    for step in steps:
        short = step.short
        if short is None:
            found.append(further(step))
            continue
        # Those that share what they move share the very object, as `Ends` makes it once.
        kind = 0 if isinstance(short, Stepped) else id(short.unites) if short.unites else 1
        where = (step.of.queue, kind)
        if (group := groups.get(where)) is None:
            group = groups[where] = ([], [])
        group[0].append(step)
        group[1].append(short)
    for some, shorts in groups.values():
        found += _shared(some, shorts)
    return found


def _shared(steps: list[Step], shorts: list[Short]) -> Iterator[Dispatch]:
    begin = size = 0
    for number, short in enumerate(shorts):
        length = short.size
        if number > begin and (number - begin == _MOST or size + length > LARGE_BYTES):
            yield _short(steps[begin:number], shorts[begin:number])
            begin, size = number, 0
        size += length
    yield _short(steps[begin:], shorts[begin:])


def _short(steps: Sequence[Step], shorts: Sequence[Short]) -> Dispatch:
    stepped = [short for short in shorts if isinstance(short, Stepped)]
    if stepped:
        tasks = [{short.child.id: short.task} for short in stepped]
        return Dispatch(short_moves.step(stepped), steps, tasks, True)
    ends = [short for short in shorts if not isinstance(short, Stepped)]
    ended, unites = [end.ended for end in ends], ends[0].unites
    call = short_moves.finish(ended, unites) if unites else short_moves.leaf(ended)
    return Dispatch(call, steps, [NO_TASKS] * len(steps), True)
