"""What comes of a unite that has settled, as calls: see `moves`."""

from collections.abc import Mapping, Sequence

from exosphere_core.keys import ShardKeys
from exosphere_core.records import Task, UnitePlan, encode
from exosphere_core.store.calls import Arg, Call
from exosphere_core.store.moves import LARGE_BYTES, unite_args, unite_keys

#: How long large inputs wait for their record, ms: the script that takes them is the next one on the same connection.
_LAID_MS = 600_000


def join(
    home: ShardKeys, unite: str, report: str, state: str, task: Task, inputs: bytes, ready: str, *,
    counts: Mapping[str, int], pages: int = 0, apart: bool = True,
) -> list[Call]:  # fmt: skip
    """Fire a settled unite. Large inputs take a call of their own before.

    The last call is answered "gap" when the server lacks what the inputs were made of, or what went before: then all is to be
    made again.

    Args:
        counts: identifier → of how many states of it the inputs have a value.
        pages: how many calls of `tolerate` went before.
        apart: False has large inputs come with the rest, in one call that holds Redis up for longer.
    """
    run = task.run
    keys = [
        home.unite(unite),
        home.run(run),
        home.states(run),
        home.reports,
        home.state(state),
        ready,
        home.events(run),
        home.members(unite),
    ]
    args: list[Arg] = [report, state, task.identifier, encode(task), inputs, pages, len(counts)]
    for identifier, count in counts.items():
        args += (identifier, count)
    if len(inputs) < LARGE_BYTES or not apart:
        return [Call("join", keys, args)]
    laid = home.laid_inputs(state)
    return [Call("lay_down", [laid], [inputs, _LAID_MS]), Call("join", [*keys, laid], args)]


def close(
    home: ShardKeys,
    unite: str,
    report: str,
    state: str,
    task: Task,
    status: str,
    error: str,
    members: Sequence[str],
    pages: int = 0,
) -> Call:
    """End a settled unite without running its node. For `pages` and "gap" see `join`."""
    run = task.run
    keys = [
        home.unite(unite), home.run(run), home.states(run), home.reports, home.state(state), home.ended,
        home.active(task.graph), home.events(run),
    ]  # fmt: skip
    args: list[Arg] = [report, state, task.identifier, encode(task), run, task.home, status, error]
    count, *counted = unite_args(task, members)
    return Call("close", keys + unite_keys(home, task), [*args, count, unite, pages, *counted])


def hold(home: ShardKeys, unite: str, report: str, plan: UnitePlan) -> Call:
    """Let a settled unite wait for a manual retry. Answered "gap" when the server knows of no error."""
    around = list(plan.unites.values())
    keys = [
        home.unite(unite), home.run(plan.run), home.reports, home.ended, home.active(plan.graph),
        home.events(plan.run), *(home.unite(outer) for outer in around),
    ]  # fmt: skip
    return Call("hold", keys, [report, plan.run, plan.home, len(around), *around])


def tolerate(home: ShardKeys, unite: str, report: str, plan: UnitePlan, states: Sequence[str], page: int) -> Call:
    """Note that an ALL_DONE unite fires over these errored states: a page of them, counted from 1."""
    around = [home.unite(outer) for outer in plan.unites.values()]
    keys = [home.run(plan.run), home.unite(unite), *around, *(home.state(state) for state in states)]
    return Call("tolerate", keys, [unite, report, page, len(around), *plan.unites.values()])
