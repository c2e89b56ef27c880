"""The two commonest successes as calls: one child, and none. What they find to be more is answered "other", and is for `moves.advance`."""

from collections.abc import Sequence

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


def finish(of: Delivery, outputs: bytes, member: str, unites: Sequence[UniteTouch]) -> Call:
    """End a state in success that makes nothing. Answered "other", it is for `advance`.

    Args:
        member: of the state in the unites that collect it.
        unites: those that it counts for; none is armed here.
    """
    home, task = of.home, of.task
    keys = [
        home.state(of.state), home.run(task.run), of.queue, home.events(task.run), home.reports, home.ended,
        home.active(task.graph),
    ]  # fmt: skip
    args: list[Arg] = [
        of.attempt, of.report, outputs, *of.execution, f"ended/{task.identifier}/SUCCESS", task.run, task.home,
        member, len(unites),
    ]  # fmt: skip
    for unite in unites:
        keys += (home.unite(unite.id), home.members(unite.id))
        args += (unite.id, "1" if unite.leads else "0", "1" if unite.collects else "0")
    return Call("finish", keys, args)
