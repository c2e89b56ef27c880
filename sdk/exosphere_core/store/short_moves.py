"""The commonest successes as calls: one child, and none. Several that were reported together share a call; each is answered
by two words, and what a script finds to be more is answered "other", and is for `moves.advance`.
"""

from collections.abc import Sequence

import msgspec

from exosphere_core.records import Task
from exosphere_core.store.calls import Arg, Call
from exosphere_core.store.delivery import Delivery
from exosphere_core.store.offspring import Child, UniteTouch


class Stepped(msgspec.Struct, frozen=True, gc=False):
    """A delivery that ended in success, whose one output makes one child, and nothing else."""

    of: Delivery
    outputs: bytes
    child: Child
    #: Of the child, for whoever keeps it.
    task: Task

    @property
    def size(self) -> int:
        """How much is written, in bytes."""
        return len(self.outputs) + len(self.child.inputs)


class Ended(msgspec.Struct, frozen=True, gc=False):
    """A delivery that ended in success, and nothing follows."""

    of: Delivery
    outputs: bytes
    #: Of its state in the unites that collect it; "" when none does.
    member: str


def step(stepped: Sequence[Stepped]) -> Call:
    """End states in success that make one child each: of any runs of a shard that were reported through the same stream."""
    keys = [stepped[0].of.queue]
    args: list[Arg] = []
    for each in stepped:
        of, child = each.of, each.child
        home, task = of.home, of.task
        run = task.run
        keys += (
            home.state(of.state),
            home.run(run),
            home.states(run),
            home.events(run),
            home.state(child.id),
            child.ready,
        )
        args += (
            of.attempt, of.report, each.outputs, *of.execution, child.task, child.inputs,
            f"made/{child.identifier}", f"ended/{task.identifier}/SUCCESS",
        )  # fmt: skip
    return Call("step", keys, args)


def leaf(ended: Sequence[Ended]) -> Call:
    """End states in success that make nothing, and that no unite waits for: of any runs of a shard that were reported through
    the same stream.
    """
    first = ended[0].of
    keys = [first.queue, first.home.ended]
    args: list[Arg] = []
    for each in ended:
        of = each.of
        home, task = of.home, of.task
        run = task.run
        keys += (home.state(of.state), home.run(run), home.events(run), home.active(task.graph))
        args += (of.attempt, of.report, each.outputs, *of.execution, f"ended/{task.identifier}/SUCCESS", run)
    return Call("leaf", keys, args)


def finish(ended: Sequence[Ended], unites: Sequence[UniteTouch]) -> Call:
    """End states in success that make nothing, and that unites wait for: of one run that end at the same node and were
    reported through the same stream.

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
    for each in ended:
        of = each.of
        args += (of.attempt, of.report, each.outputs, *of.execution, each.member)
    for unite in unites:
        keys += (home.unite(unite.id), home.members(unite.id))
        args += (unite.id, "1" if unite.leads else "0", "1" if unite.collects else "0")
    return Call("finish", keys, args)
