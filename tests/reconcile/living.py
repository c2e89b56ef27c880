"""A system at work that the reconciler looks at all the while."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from engine.world import HOME, World
from exosphere_core.ending import end
from exosphere_core.store.catalog import note_namespace
from exosphere_orchestrator.reconcile.mend import Journal
from exosphere_orchestrator.reconcile.reconciler import Reconciler
from semantics.drive import Driver
from semantics.happenings import Due, Event, Scenario

RETENTION_MS = 1_000_000_000


def new_reconciler(redis: Redis) -> Reconciler:
    return Reconciler(redis, 1, RETENTION_MS)


class Watched(Driver):
    """A scenario in play, with a sweep over everything after each event."""

    def __init__(self, world: World, scenario: Scenario) -> None:
        super().__init__(world, scenario)
        self.journals: list[Journal] = []
        self._reconciler = new_reconciler(world.redis)

    async def _happen(self, event: Event) -> None:
        await super()._happen(event)
        self.journals.append(await self._reconciler.sweep_all(0, thorough=True))
        self._none(f"{kind.name}: {count}" for kind, count in self.journals[-1].mended.items())


class Punctual(Driver):
    """A scenario in play that moves a due time as the engine does: on the record and in the set at once."""

    async def _happen(self, event: Event) -> None:
        if isinstance(event, Due):
            state = await self._id_of(event.label)
            async with self._world.redis.pipeline(transaction=True) as pipeline:
                pipeline.hset(HOME.state(state), "due_at", "1")
                pipeline.zadd(HOME.due, {state: 1}, xx=True)
                await pipeline.execute()
        await super()._happen(event)


@asynccontextmanager
async def sweeping(redis: Redis) -> AsyncIterator[list[Journal]]:
    """Two replicas sweep without a pause, each in its own way."""
    journals: list[Journal] = []

    async def sweep(reconciler: Reconciler, thorough: bool) -> None:
        while True:
            journals.append(await reconciler.sweep_pending(0))
            journals.append(await reconciler.sweep_all(0, thorough=thorough))

    tasks = [asyncio.create_task(sweep(new_reconciler(redis), thorough)) for thorough in (False, True)]
    try:
        yield journals
    finally:
        await end(*tasks)
        for task in tasks:
            if not task.cancelled() and (fault := task.exception()):
                raise fault


async def watched(redis: Redis, scenario: Scenario) -> list[Journal]:
    """Play a scenario with a sweep after each event. Raises Mismatch when one found anything to mend."""
    await redis.flushall()
    await note_namespace(redis, "ns")
    world = World(redis)
    try:
        driver = Watched(world, scenario)
        await driver.play()
        return driver.journals
    finally:
        await world.close()


async def beside(redis: Redis, scenario: Scenario) -> list[Journal]:
    """Play a scenario while two replicas sweep beside it."""
    await redis.flushall()
    await note_namespace(redis, "ns")
    world = World(redis)
    try:
        async with sweeping(redis) as journals:
            await Punctual(world, scenario).play()
        return journals
    finally:
        await world.close()
