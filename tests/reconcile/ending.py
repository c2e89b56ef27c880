"""How a run that was damaged must have ended."""

import re
from collections.abc import AsyncIterator, Collection, Sequence

from engine.world import HOME, World
from exosphere_core.keys import ShardKeys
from exosphere_core.store import upkeep
from exosphere_core.store.reads import StateRecord
from reconcile.behaviour import branch_of
from reconcile.living import new_reconciler
from reconcile.plot import NEIGHBOUR, Plot
from semantics.compare import differences
from semantics.model import Model
from semantics.observe import observe
from semantics.records import State

_THERE = ShardKeys(NEIGHBOUR)

#: Damage that takes outputs away from states that had succeeded.
_TAKES_OUTPUTS = ("rollback", "state", "unreadable")

Place = tuple[str, str, int]


async def violations(world: World, plot: Plot, model: Model, done: Sequence[str]) -> list[str]:
    """Everything about the run that is not as it must be.

    Args:
        done: the damage.
    """
    takes_outputs = any(word.startswith(_TAKES_OUTPUTS) for word in done)
    apart = _starved(model, await world.states()) if takes_outputs else set()
    if plot.kind == "cancelled" and (await world.run()).status == "CANCELLED":
        return [line async for line in _cancelled_otherwise(world, model, apart)]
    if plot.kind == "rerun":
        return [line async for line in _ended_otherwise(world, model, apart)]
    observed = await observe(world, model.graph)
    found = [
        line for line in differences(model, observed) if not _follows(model, line, apart, takes_outputs=takes_outputs)
    ]
    if apart:
        for what, expected, there in (
            ("states", set(model.states), set(observed.states)),
            ("unites", {unite.label for unite in model.unites}, set(observed.unites)),
        ):
            found += [
                f"{what}: {label} is on one side only" for label in expected ^ there if _node_of(label) not in apart
            ]
    return found


def _starved(model: Model, found: Sequence[StateRecord]) -> set[str]:
    """The nodes at which nothing can be told, and all that come after them.

    A state went on while an ancestor, whose record was lost, was executed again and had no outputs to give. It says so, and
    can be retried by hand: to wait for an ancestor that may take days would be to execute it again and again.
    """
    expected = {_place(state): state for state in model.states.values() if state.status != "RETRY_CREATED"}
    starved = {
        record.task.identifier
        for record in found
        if "has no value" in (record.error or "")
        and (same := expected.get((record.task.identifier, record.task.branch, record.task.position))) is not None
        and not same.errored
    }
    return starved | {node for node in model.graph.nodes if any(model.graph.leads(start, node) for start in starved)}


def _follows(model: Model, line: str, apart: Collection[str], *, takes_outputs: bool) -> bool:
    """What can't be as if nothing had happened.

    The attempt number is the fence: it moves on with each repair. Error and outputs of a failed state that is retried are on
    no other record than its own: where that was lost, the state that retries it tells that it failed, and no more.
    """
    what, _, rest = line.partition(": ")
    kind, _, label = what.partition(" ")
    if kind in ("state", "unite") and _node_of(label) in apart:
        return True
    if apart and not (kind in ("state", "unite") and label):
        # Sums over all nodes; which states and unites there are is looked at without those.
        return True
    if rest.startswith("attempt: "):
        return True
    if "error: model says that it mentions one of" in rest and "has no value: the outputs of" in rest:
        # It fails all the same; what its ancestor does not have is not even what it would have missed.
        return takes_outputs
    lost = (rest.startswith("error: ") and line.endswith("engine says None")) or (
        rest.startswith("outputs: ") and line.endswith("engine says {}")
    )
    return lost and kind == "state" and model.states[label].status == "RETRY_CREATED"


def _node_of(label: str) -> str:
    """The node of a state or unite, told from its label."""
    return re.split("[~#]", re.split("[>^]", label)[-1])[0]


def _place(state: State) -> Place:
    return state.identifier, branch_of(state), state.position


async def _ended_otherwise(world: World, model: Model, apart: Collection[str]) -> AsyncIterator[str]:
    """A rerun: what a state came to in the end is the same, whether it was taken over or executed, in however many attempts."""
    expected = {
        _place(state): (state.status, state.inputs, state.outputs or {})
        for state in model.states.values()
        if state.status != "RETRY_CREATED"
    }
    found = {
        (state.task.identifier, state.task.branch, state.task.position): (
            state.status.value, state.inputs, state.outputs
        )
        for state in await world.states() if state.status != "RETRY_CREATED"
    }  # fmt: skip
    for place in sorted(expected.keys() | found.keys()):
        if place[0] not in apart and expected.get(place) != found.get(place):
            yield f"{place}: model says {expected.get(place)}, engine says {found.get(place)}"
    run = await world.run()
    if run.status != model.status and not apart:
        yield f"run status: model says {model.status}, engine says {run.status}"


async def _cancelled_otherwise(world: World, model: Model, apart: Collection[str]) -> AsyncIterator[str]:
    """A cancelled run: how far it came depends on the moment, but nothing else than the model's states is there."""
    expected = {(*_place(state), state.retry_count): state for state in model.states.values()}
    for found in await world.states():
        place = (found.task.identifier, found.task.branch, found.task.position, found.task.retry_count)
        state = expected.get(place)
        if found.task.identifier in apart:
            continue
        if state is None:
            yield f"{place}: the model has no such state"
        elif state.inputs != found.inputs:
            yield f"{place}: inputs: model says {state.inputs}, engine says {found.inputs}"
        elif found.status != "CANCELLED" and (state.status, state.outputs or {}) != (found.status, found.outputs):
            yield f"{place}: model says {state.status} {state.outputs}, engine says {found.status} {found.outputs}"


async def leftovers(world: World, plot: Plot, runs: Sequence[str]) -> list[str]:
    """What is left in the queues, and of the runs once they are removed."""
    found = [
        f"{key} has entries"
        for key in (HOME.reports, HOME.inbox, HOME.outbox, _THERE.reports)
        if await world.redis.xlen(key)
    ]
    ready = [raw.decode() for raw in await world.redis.keys(_THERE.ready("") + "*")]
    found += [f"{key} has entries" for key in ready if await world.redis.xlen(key)]
    for run in runs:
        await upkeep.delete_run(world.redis, HOME, run)
    if plot.kind == "cancelled":
        # What a state brought into being whose record is an earlier one now comes to light when it is executed again, which a
        # cancelled run never does. It goes with the sweep after the run.
        await new_reconciler(world.redis).sweep_all(0)
    return found + [name async for name in _kept(world)]


async def _kept(world: World) -> AsyncIterator[str]:
    for key in await world.redis.keys(HOME.due.removesuffix("due") + "*"):
        name = key.decode()
        if name in (HOME.mended, HOME.broken, HOME.rejected):
            continue
        if await world.redis.type(key) == b"stream" and not await world.redis.xlen(key):
            continue
        yield f"{name} was left when the run was removed"
