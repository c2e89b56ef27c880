"""The two commonest successes as calls: one child, and none. What they find to be more is answered "other", and is for `moves.advance`."""

from collections.abc import Sequence
from typing import NamedTuple

from exosphere_core.store.calls import Arg, Call
from exosphere_core.store.delivery import Delivery
from exosphere_core.store.offspring import Child, UniteTouch


def step(of: Delivery, outputs: bytes, child: Child) -> Call:
    """End a state in success whose one output makes one child, and nothing else. Answered "other", it is for `advance`."""
    home, task = of.home, of.task
    run = task.run
    return Call(
        "step",
        (
            home.state(of.state), home.run(run), home.states(run), of.queue, home.events(run),
            home.state(child.id), child.ready,
        ),
        (
            of.attempt, of.report, outputs, *of.execution, child.task, child.inputs,
            f"made/{child.identifier}", f"ended/{task.identifier}/SUCCESS",
        ),
    )  # fmt: skip


class Ended(NamedTuple):
    """A delivery that ended in success, and nothing follows."""

    of: Delivery
    outputs: bytes
    #: Of its state in the unites that collect it; "" when none does.
    member: str


def finish(ended: Sequence[Ended], unites: Sequence[UniteTouch]) -> Call:
    """End states in success that make nothing: one, or several of one run that end at the same node and were reported through
    the same stream. Each is answered by two words; "other" is for `advance`.

    Args:
        unites: those that all of them count for; none is armed here.
    """
    home, task, queue = ended[0].of.home, ended[0].of.task, ended[0].of.queue
    run = task.run
    keys = [
        home.run(run), queue, home.events(run), home.reports, home.ended, home.active(task.graph),
        *(home.state(each.of.state) for each in ended),
    ]  # fmt: skip
    args: list[Arg] = [len(ended), f"ended/{task.identifier}/SUCCESS", run, task.home, len(unites)]
    for of, outputs, member in ended:
        args += (of.attempt, of.report, outputs, *of.execution, member)
    for unite in unites:
        keys += (home.unite(unite.id), home.members(unite.id))
        args += (unite.id, "1" if unite.leads else "0", "1" if unite.collects else "0")
    return Call("finish", keys, args)
