"""Plays a random graph on the engine, breaks its records on the way, reconciles, plays on, and asks the model how it must end."""

import random
from typing import NamedTuple

from redis.asyncio import Redis

from engine.world import HOME, World
from exosphere_core.records import run_id_for
from exosphere_core.store import catalog, moves, upkeep
from exosphere_core.store.calls import apply
from exosphere_core.store.catalog import NodeRecord, note_namespace
from exosphere_core.store.reads import read_states
from exosphere_orchestrator.engine.consumer import Consumer
from exosphere_orchestrator.reconcile.mend import Journal
from exosphere_worker.held import Held
from reconcile.behaviour import Behaviour, branch_of
from reconcile.damage import backup, damage
from reconcile.living import new_reconciler
from semantics.compare import differences
from semantics.draws import Draws, tape_of
from semantics.drive import spoken
from semantics.graphs import random_template
from semantics.model import Model
from semantics.observe import observe

#: A graph that grows larger than this is left out.
_MOST_STATES = 60
_MOST_STEPS = 300


class Outcome(NamedTuple):
    """What came of a play."""

    done: list[str]
    mended: Journal
    states: int


async def play(redis: Redis, seed: int) -> Outcome | None:
    """Play the scenario of a seed; None when its graph grows too large.

    Raises:
        AssertionError: it did not end as the model says, or something is left.
    """
    template = random_template(Draws(tape_of(seed)))
    model = _modelled(template, Behaviour(seed))
    if model is None:
        return None
    await redis.flushall()
    await note_namespace(redis, "ns")
    world = World(redis)
    try:
        return await _played(world, template, model, seed)
    finally:
        await world.close()


def _modelled(template: dict[str, object], behaviour: Behaviour) -> Model | None:
    model = Model(template)
    model.trigger({}, _STORE, 0)
    while model.status == "PENDING":
        if len(model.states) > _MOST_STATES:
            return None
        for state in list(model.states.values()):
            if state.status == "CREATED":
                model.due(state.label)
                model.take(state.identifier)
        for state in list(model.states.values()):
            if state.status == "QUEUED":
                outcome = behaviour.of(state.identifier, branch_of(state), state.retry_count)
                model.report(state.label, state.attempt, outcome)
    return model


_STORE = {"cursor": "c", "extra": "kept"}


async def _played(world: World, template: dict[str, object], model: Model, seed: int) -> Outcome:
    draw = random.Random(seed)
    behaviour = Behaviour(seed)
    redis = world.redis
    nodes = template["nodes"]
    assert isinstance(nodes, list)
    await world.graph(*nodes, **{key: value for key, value in template.items() if key != "nodes"})
    await catalog.save_nodes(
        redis, "ns", [NodeRecord(declared["node_name"], "r", {}, {}, (), 0, 0) for declared in nodes]
    )
    await world.trigger("g", {}, store=_STORE, run_id=run_id_for(0, "broken", str(seed)))
    root = (await world.run()).root
    reconciler = new_reconciler(redis)
    whole = Journal()
    done: list[str] = []
    backup_at, break_at = sorted(draw.sample(range(1, 12), 2))
    earlier: dict[bytes, bytes] = {}
    manager = world.consumer
    hands: list[Held] = []
    for step in range(_MOST_STEPS):
        if step == backup_at:
            earlier = await backup(redis)
        if step == break_at:
            ended = (await world.run()).status != "PENDING"
            done = await damage(redis, draw, earlier, root, ended)
            manager = world.another_state_manager("sm-after")
            for _ in range(12):
                journal = await reconciler.sweep_all(0, thorough=True)
                await world.drain(manager)
                whole.mended.update(journal.mended)
                if not journal.total and not journal.left:
                    break
        moved = await _step(world, behaviour, draw, manager, hands)
        if step > break_at and not moved:
            # What a state that was executed again brought to light; it may open a run again that had ended.
            journal = await reconciler.sweep_all(0, thorough=True)
            whole.mended.update(journal.mended)
            await world.drain(manager)
            if not journal.mended and (await world.run()).status != "PENDING":
                break
    for _ in range(3):
        last = await reconciler.sweep_all(0, thorough=True)
        await world.drain(manager)
        if not last.mended:
            break
    assert not last.mended, f"{done}: still found at the end: {last}"
    assert not last.left, f"{done}: left at the end: {last.left}"
    try:
        observed = await observe(world, model.graph)
        found = differences(model, observed)
    except KeyError as unknown:
        raise AssertionError(f"{done}: a state has no record of its parent: {unknown}") from None
    told = [line for line in found if not _follows_from_damage(line)]
    # A state that went on while an ancestor, rolled back, had no outputs says so, and can be retried by hand.
    starved = any("has no value: the outputs of" in (state.error or "") for state in observed.states.values())
    if not (starved and any(word.startswith(("rollback", "state", "unreadable")) for word in done)):
        assert not told, f"{done}:\n  " + "\n  ".join(told)
    await world.check_counts()
    assert (await world.run()).status != "PENDING", f"{done}: the run did not end"
    await _nothing_is_left(world, done)
    return Outcome(done, whole, len(model.states))


def _follows_from_damage(line: str) -> bool:
    """Attempt numbers move on, and the text of an error that was lost is not known."""
    return ": attempt: " in line or (": error: " in line and line.endswith("engine says None"))


async def _step(world: World, behaviour: Behaviour, draw: random.Random, manager: Consumer, hands: list[Held]) -> bool:
    """All waiting states become due, one node's states are taken, and some of what is held is reported."""
    moved = False
    for raw in await world.redis.zrange(HOME.due, 0, -1):
        state = raw.decode()
        for record in await read_states(world.redis, HOME, [state]):
            await world.redis.zadd(HOME.due, {state: 1}, xx=True)
            await apply(world.redis, moves.promote(HOME, state, HOME.ready(record.task.node)))
            moved = True
    run = await world.run()
    held = list(hands)
    plan = await world.context.plans.get("ns", run.graph, run.version)
    for identifier in plan.nodes:
        if draw.random() < 0.7:
            held += await world.take(identifier)
    draw.shuffle(held)
    count = draw.randint(0, len(held))
    for delivery in held[:count]:
        outcome = behaviour.of(delivery.task.identifier, delivery.task.branch, delivery.task.retry_count)
        await world.send(delivery, spoken(outcome))
        moved = True
    hands[:] = held[count:]
    if draw.random() < 0.8:
        await world.drain(manager)
    return moved or bool(held)


async def _nothing_is_left(world: World, done: list[str]) -> None:
    """Once the run is removed, nothing of it is left."""
    await upkeep.delete_run(world.redis, HOME, world.run_id)
    left = []
    for key in await world.redis.keys(HOME.due.removesuffix("due") + "*"):
        name = key.decode()
        if name in (HOME.mended, HOME.broken, HOME.rejected):
            continue
        if await world.redis.type(key) == b"stream" and not await world.redis.xlen(key):
            continue
        left.append(name)
    assert not left, f"{done}: left after the run was removed: {left}"
