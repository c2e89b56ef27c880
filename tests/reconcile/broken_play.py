"""Plays a random graph on the engine, breaks its records on the way, reconciles, plays on, and asks the model how it must end."""

import random
from typing import NamedTuple
from unittest.mock import patch

from redis.asyncio import Redis

from engine.handover import THERE, forward, hand_over, take_there
from engine.world import HOME, World
from exosphere_core.errors import Conflict
from exosphere_core.ids import run_id_for
from exosphere_core.keys import STATE_MANAGERS_GROUP
from exosphere_core.states import RunStatus
from exosphere_core.store import catalog, moves, streams
from exosphere_core.store.calls import apply
from exosphere_core.store.catalog import NodeRecord, note_namespace
from exosphere_core.store.groups import ensure_groups
from exosphere_core.store.reads import read_states
from exosphere_orchestrator.engine.consumer import Consumer
from exosphere_orchestrator.reconcile.mend import Journal
from exosphere_orchestrator.steering.rerun import rerun
from exosphere_worker.held import Held
from reconcile.behaviour import attempts_before
from reconcile.damage import backup, damage
from reconcile.ending import leftovers, violations
from reconcile.living import new_reconciler
from reconcile.plot import NEIGHBOUR, ROUNDS, STORE, Plot, modelled, plot_of
from semantics.drive import spoken
from semantics.model import Model

_MOST_STEPS = 400

#: So many sweeps put everything right that one damage left behind.
_MOST_SWEEPS = 12


class Outcome(NamedTuple):
    """What came of a play."""

    kind: str
    done: list[str]
    mended: Journal
    states: int


async def play(redis: Redis, seed: int) -> Outcome | None:
    """Play the scenario of a seed; None when its graph grows too large.

    Raises:
        AssertionError: it did not end as the model says, or something is left.
    """
    plot = plot_of(seed)
    model = modelled(plot)
    if model is None:
        return None
    await redis.flushall()
    for namespace in ("ns", NEIGHBOUR):
        await note_namespace(redis, namespace)
    world = World(redis)
    try:
        return await _Play(world, plot, model).play()
    finally:
        await world.close()


class _Play:
    def __init__(self, world: World, plot: Plot, model: Model) -> None:
        self._world = world
        self._plot = plot
        self._model = model
        self._draw = random.Random(plot.seed)
        self._behaviour = plot.behaviour()
        self._manager: Consumer = world.consumer
        self._hands: list[Held] = []
        self._reconciler = new_reconciler(world.redis)
        self._mended = Journal()
        self._done: list[str] = []
        self._runs: list[str] = []

    async def play(self) -> Outcome:
        world, plot, draw = self._world, self._plot, self._draw
        await self._begin()
        if plot.kind == "rerun":
            await self._to_the_end()
            await self._rerun()
        backup_at, break_at = sorted(draw.sample(range(1, 12), 2))
        cancel_at = draw.randrange(1, 16) if plot.kind == "cancelled" else 0
        breaks_after = draw.randint(0, ROUNDS) if plot.kind == "retried" else 0
        await self._to_the_end(backup_at, break_at, cancel_at, ROUNDS if plot.kind == "retried" else 0, breaks_after)
        last = await self._reconciler.sweep_all(0, thorough=True)
        assert not last.mended, f"{self._done}: still found at the end: {last}"
        # What a cancelled run lost is not made again: nothing of it is to be executed any more. The operator is told.
        told = {"records of a run that has ended are incomplete"} if plot.kind == "cancelled" else set()
        assert last.left.keys() <= told, f"{self._done}: left at the end: {last.left}"
        wrong = await violations(world, plot, self._model, self._done)
        await world.check_counts()
        wrong += await leftovers(world, plot, self._runs)
        assert not wrong, f"{plot.kind} {self._done}:\n  " + "\n  ".join(wrong)
        return Outcome(plot.kind, self._done, self._mended, len(self._model.states))

    async def _begin(self) -> None:
        world, nodes = self._world, self._plot.template["nodes"]
        await world.graph(*nodes, **{key: value for key, value in self._plot.template.items() if key != "nodes"})
        for namespace in ("ns", NEIGHBOUR):
            names = [declared["node_name"] for declared in nodes if declared["namespace"] == namespace]
            await catalog.save_nodes(
                world.redis, namespace, [NodeRecord(name, "r", {}, {}, (), 0, 0) for name in names]
            )
        await ensure_groups(world.redis, [THERE.reports], STATE_MANAGERS_GROUP)
        await world.trigger("g", {}, store=STORE, run_id=run_id_for(0, "broken", str(self._plot.seed)))
        self._runs.append(world.run_id)

    async def _rerun(self) -> None:
        """From somewhere; replays are under way when it is damaged."""
        world = self._world
        identifier = self._draw.choice([None, *sorted(self._model.graph.nodes)])
        # The draws go over ids.
        new_run = run_id_for(0, "rerun", str(self._plot.seed))
        with patch("exosphere_orchestrator.steering.rerun.new_run_id", lambda _: new_run):
            world.run_id = await rerun(world.context, HOME, world.run_id, identifier=identifier, inputs={}, store={})
        self._runs.append(world.run_id)
        self._behaviour = self._plot.behaviour()

    async def _to_the_end(
        self, backup_at: int = 0, break_at: int = 0, cancel_at: int = 0, rounds: int = 0, breaks_after: int = 0
    ) -> None:
        """Play until the run has ended and nothing is found any more.

        Args:
            backup_at: at this step a backup is made, of which the damage makes use.
            break_at: at this step everything is damaged, after so many rounds of retries by hand as `breaks_after` says.
            cancel_at: at this step the run is cancelled.
            rounds: how often all that failed is retried by hand.
        """
        world, redis = self._world, self._world.redis
        spared = frozenset(await redis.keys("exo:*")) if self._plot.kind == "rerun" and break_at else frozenset()
        step = retried = 0
        broken = not break_at
        earlier: dict[bytes, bytes] = {}
        for _ in range(_MOST_STEPS):
            step += 1
            if step == backup_at:
                earlier = await backup(redis)
            if not broken and retried >= breaks_after and step >= break_at:
                broken = True
                run = await world.run()
                self._done = await damage(redis, self._draw, earlier, run.root, run.status != "PENDING", spared)
                self._manager = world.another_state_manager("sm-after")
                await self._mend()
            if step == cancel_at:
                await self._cancel()
            if await self._step():
                continue
            journal = await self._sweep()
            if journal.mended or (await world.run()).status is RunStatus.PENDING:
                continue
            if retried < rounds and await self._retried():
                retried += 1
                step = 0 if not broken else step
            elif not broken:
                # It ended before, or nothing could be retried.
                step, breaks_after = max(step, break_at), retried
            else:
                return
        raise AssertionError(f"{self._plot.kind} {self._done}: the run did not end: {await world.statuses()}")

    async def _mend(self) -> None:
        for _ in range(_MOST_SWEEPS):
            journal = await self._sweep()
            if not journal.total and not journal.left:
                return

    async def _sweep(self) -> Journal:
        journal = await self._reconciler.sweep_all(0, thorough=True)
        self._mended.mended.update(journal.mended)
        await self._carry()
        return journal

    async def _cancel(self) -> None:
        try:
            await self._world.cancel()
        except Conflict:
            assert (await self._world.run()).status is not RunStatus.PENDING

    async def _retried(self) -> bool:
        try:
            return bool(await self._world.retry_failed())
        except Conflict:
            return False

    async def _carry(self) -> None:
        """Couriers and state managers do what there is to do."""
        await hand_over(self._world)
        await forward(self._world)
        await self._world.drain(self._manager)

    async def _step(self) -> bool:
        """All waiting states become due, some nodes' states are taken, and some of what is held is reported."""
        world, draw = self._world, self._draw
        moved = False
        for raw in await world.redis.zrange(HOME.due, 0, -1):
            state = raw.decode()
            for record in await read_states(world.redis, HOME, [state]):
                await world.redis.zadd(HOME.due, {state: 1}, xx=True)
                home = THERE if record.task.namespace == NEIGHBOUR else HOME
                queue = HOME.outbox if home is THERE else HOME.ready(record.task.node)
                await apply(world.redis, moves.promote(HOME, state, queue))
                moved = True
        if draw.random() < 0.8:
            await hand_over(world)
        held = list(self._hands)
        for identifier in sorted(self._model.graph.nodes):
            if draw.random() < 0.7:
                away = identifier in self._plot.abroad
                held += await take_there(world, identifier) if away else await world.take(identifier)
        draw.shuffle(held)
        count = draw.randint(0, len(held))
        for delivery in held[:count]:
            task = delivery.task
            outcome = self._behaviour.of(task.identifier, task.branch, attempts_before(delivery.state, task))
            await world.send(delivery, spoken(outcome))
            moved = True
        self._hands = held[count:]
        if draw.random() < 0.8:
            await forward(world)
        applied = await self._apply()
        return moved or bool(held) or applied

    async def _apply(self) -> bool:
        """All reports are applied, or those that are there now, or none."""
        choice = self._draw.random()
        if choice < 0.2:
            return True
        if choice < 0.8:
            await self._world.drain(self._manager)
            return False
        name = self._manager.context.consumer
        entries = await streams.read_new(
            self._world.redis, STATE_MANAGERS_GROUP, name, [HOME.reports, HOME.inbox], 2, None
        )
        await self._manager.apply(entries)
        await self._manager.settled()
        return bool(entries)
