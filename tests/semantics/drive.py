"""Plays a scenario on the real engine, and beside it on the model, and looks whether both come to the same."""

import json
from collections.abc import Iterable
from unittest.mock import patch

from redis.asyncio import Redis

from engine.world import HOME, World, node
from exosphere_core.errors import Conflict
from exosphere_core.keys import STATE_MANAGERS_GROUP
from exosphere_core.store import moves, reads, streams
from exosphere_core.store.calls import apply
from exosphere_orchestrator.engine import succession
from exosphere_orchestrator.engine.consumer import Consumer
from exosphere_orchestrator.engine.reaper import Reaper
from exosphere_worker import outcome as worker
from exosphere_worker.held import Held
from semantics.compare import differences, run_differences
from semantics.happenings import (
    Apply,
    Cancel,
    Due,
    Event,
    Executed,
    Failed,
    Lose,
    Outcome,
    Pruned,
    Report,
    Requeued,
    Retry,
    RetryFailed,
    Scenario,
    Take,
    Upsert,
)
from semantics.labels import Labels
from semantics.model import Model
from semantics.observe import observe
from semantics.play import Player


class Mismatch(AssertionError):
    """The engine did not do what the model says."""


async def agree(redis: Redis, scenario: Scenario) -> Model:
    """Play a scenario on a Redis, which is emptied first. Returns what the model says in the end.

    Raises:
        Mismatch: the engine does not come to the same.
    """
    await redis.flushall()
    world = World(redis)
    try:
        driver = Driver(world, scenario)
        await driver.play()
        return driver.model
    finally:
        await world.close()


class Driver:
    """One scenario in play on both."""

    def __init__(self, world: World, scenario: Scenario) -> None:
        self._world = world
        self._scenario = scenario
        self._player = Player(scenario)
        self._managers = [world.consumer, world.another_state_manager()]
        self._held: dict[tuple[str, int], Held] = {}
        self._labels = Labels(self.model.graph)
        self._step = "trigger"
        #: Whether there may be something to apply.
        self._sent = False

    @property
    def model(self) -> Model:
        """The model, as far as it was played."""
        return self._player.model

    async def play(self) -> None:
        """Play all of it.

        Raises:
            Mismatch: where the two part, with the event after which that was seen.
        """
        scenario = self._scenario
        with patch.object(succession, "CHUNK", scenario.chunk):
            more = {key: value for key, value in scenario.template.items() if key != "nodes"}
            await self._world.graph(*scenario.template["nodes"], **more)
            await self._world.trigger("g", scenario.inputs, store=scenario.store, delay_ms=scenario.delay_ms)
            for number, event in enumerate(scenario.events):
                self._step = f"event {number}, {event}"
                await self._happen(event)
            self._step = "the end"
            await self._happen(Apply())
            await self._compare_all()
            await self._check_leftovers()

    async def _happen(self, event: Event) -> None:
        if self._sent and not isinstance(event, Report | Apply | Retry | RetryFailed):
            await self._drain(self._managers[0])
        expected = self._player.play(event)
        if isinstance(event, Retry | RetryFailed | Cancel):
            try:
                await self._command(event)
            except Conflict as refused:
                self._equal("is refused", not expected, True, str(refused))
            else:
                self._equal("is refused", not expected, False)
            if not self._player.waiting:
                await self._compare_all()
        elif isinstance(event, Take):
            await self._take(event)
        elif isinstance(event, Report):
            self._sent = True
            await self._world.send(self._held[event.label, event.attempt], spoken(event.outcome))
        elif isinstance(event, Apply):
            first, second = self._managers[event.manager], self._managers[1 - event.manager]
            await self._drain(first, second if event.twice else None, partly=event.partly)
            if not event.partly:
                self._none(run_differences(self.model, await self._world.run()))
        elif isinstance(event, Due):
            state = await self._id_of(event.label)
            (record,) = await reads.read_states(self._world.redis, HOME, [state])
            await self._world.redis.zadd(HOME.due, {state: 1}, xx=True)  # the clock can't be moved
            await apply(self._world.redis, moves.promote(HOME, state, HOME.ready(record.task.node)))
        elif isinstance(event, Lose):
            held = self._held[event.label, self.model.states[event.label].attempt - 1]
            entries = await streams.read_entries(self._world.redis, held.stream, [held.entry])
            await Reaper(self._world.context, HOME).reclaim(entries)
            await self._drain(self._managers[0])
        elif isinstance(event, Upsert):
            await self._world.graph(node("z"))

    async def _command(self, event: Retry | RetryFailed | Cancel) -> None:
        if isinstance(event, Retry):
            await self._world.retry_by_hand(await self._id_of(event.label), event.fanout_id)
        elif isinstance(event, RetryFailed):
            await self._world.retry_failed()
        else:
            await self._world.cancel()

    async def _take(self, event: Take) -> None:
        taken = await self._world.take(event.identifier)
        if any(held.state not in self._labels for held in taken):
            await self._labels.learn(self._world.redis, self._world.run_id)
        for held in taken:
            label = self._labels[held.state]
            self._held[label, int(held.attempt)] = held
            self._equal(f"inputs delivered to {label}", self.model.states[label].inputs, json.loads(held.inputs))
        queued = {
            (state.label, state.attempt)
            for state in self.model.states.values()
            if state.identifier == event.identifier and state.status == "QUEUED"
        }
        known = {key for key, held in self._held.items() if held.task.identifier == event.identifier}
        self._equal("deliveries", sorted(queued), sorted(queued & known))

    async def _drain(self, manager: Consumer, after: Consumer | None = None, partly: bool = False) -> None:
        """A state manager applies what there is; `after` applies the same again."""
        name, redis = manager.context.consumer, self._world.redis
        while entries := await streams.read_new(redis, STATE_MANAGERS_GROUP, name, [HOME.reports], 256, None):
            for consumer in (manager, after):
                if consumer is not None:
                    await consumer.apply(entries)
                    await consumer.settled()
            if partly:
                return
        self._sent = False

    async def _id_of(self, label: str) -> str:
        if self._labels.id_of(label) is None:
            await self._labels.learn(self._world.redis, self._world.run_id)
        state = self._labels.id_of(label)
        if state is None:
            raise Mismatch(f"after {self._step}: the engine has no state {label}")
        return state

    async def _compare_all(self) -> None:
        self._none(differences(self.model, await observe(self._world, self.model.graph)))

    async def _check_leftovers(self) -> None:
        """What changed nothing was counted, and a run that ended leaves nothing in the queues."""
        if not any(isinstance(event, Apply) and event.twice for event in self._scenario.events):
            stale = sum(manager.context.counts["stale"] for manager in self._managers)
            self._equal("reports that changed nothing", self.model.stale, stale)
        if self.model.status == "PENDING":
            return
        queues = [HOME.reports, *(HOME.ready(identifier.upper()) for identifier in self.model.graph.nodes)]
        pipeline = self._world.redis.pipeline(transaction=False)
        for queue in queues:
            pipeline.xlen(queue)
        pipeline.zcard(HOME.due)
        self._equal(
            "entries left",
            dict.fromkeys([*queues, HOME.due], 0),
            dict(zip([*queues, HOME.due], await pipeline.execute(), strict=True)),
        )

    def _none(self, found: Iterable[str]) -> None:
        if lines := list(found):
            raise Mismatch("\n  ".join([f"after {self._step}:", *lines]))

    def _equal(self, what: str, expected: object, found: object, remark: str = "") -> None:
        if expected != found:
            raise Mismatch(f"after {self._step}: {what}: model says {expected}, engine says {found} {remark}")


def spoken(outcome: Outcome) -> worker.Outcome:
    """An outcome as a runtime reports it."""
    if isinstance(outcome, Executed):
        return worker.Succeeded(outcome.outputs, outcome.fanned_out, outcome.store)
    if isinstance(outcome, Failed):
        return worker.Failed(outcome.error, outcome.retryable)
    if isinstance(outcome, Pruned):
        return worker.Pruned(outcome.data)
    if isinstance(outcome, Requeued):
        return worker.Requeued(outcome.delay_ms)
    return worker.Released()
