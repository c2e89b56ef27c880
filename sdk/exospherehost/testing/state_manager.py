"""The state manager of a play: the real engine, one step at a time. When it dies, another one goes on in its place."""

from collections.abc import Sequence

from exosphere_core.keys import STATE_MANAGERS_GROUP, ShardKeys
from exosphere_core.store import handoff, streams
from exosphere_core.store.connection import Redis
from exosphere_core.store.due import read_due
from exosphere_core.store.streams import Entry
from exosphere_orchestrator.admission.sizes import limits_of
from exosphere_orchestrator.engine.consumer import Consumer
from exosphere_orchestrator.engine.context import EngineContext
from exosphere_orchestrator.engine.courier import Courier
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.promoter import Promoter
from exosphere_orchestrator.engine.reaper import Reaper
from exosphere_orchestrator.engine.reruns import Reruns
from exosphere_orchestrator.engine.tasks import TaskCache
from exosphere_orchestrator.settings import Settings
from exospherehost.testing.clock import Clock
from exospherehost.testing.faults import Plan

#: The most entries read at once.
_PAGE = 256

#: Later than any due time, in ms.
_EVER_MS = 10**15


class PlayedManager:
    """Applies reports, makes due states ready, takes work from dead workers, carries states to other namespaces.

    Args:
        homes: of all namespaces of the graph.
    """

    def __init__(self, redis: Redis, clock: Clock, settings: Settings, homes: Sequence[ShardKeys], plan: Plan) -> None:
        self._redis = redis
        self._clock = clock
        self._settings = settings
        self._homes = homes
        self._plan = plan
        self._consumers: dict[ShardKeys, Consumer] = {}
        self._couriers: dict[ShardKeys, Courier] = {}
        self._number = 0
        self.context = self._new_context()

    def _new_context(self) -> EngineContext:
        self._number += 1
        return EngineContext(
            url=self._settings.redis_url.get_secret_value(),
            redis=self._redis,
            scripts=self._redis,
            consumer=f"state-manager-{self._number}",
            lease_ms=self._settings.lease_ms,
            max_lost_leases=self._settings.max_lost_leases,
            limits=limits_of(self._settings),
            plans=GraphPlans(self._redis),
            tasks=TaskCache(self._redis),
            reruns=Reruns(self._redis),
        )

    async def work(self, step: str) -> None:
        """Apply and carry until there is nothing more to do. `step` names what was reported, for the plan of faults."""
        rounds = 0
        busy = True
        while busy:
            busy = False
            for home in self._homes:
                while entries := await self._read(home):
                    await self._apply(home, entries, f"{step}+{rounds}" if rounds else step)
                    rounds += 1
                    busy = True
                if len(self._homes) > 1 and await self._carry(home):
                    busy = True

    async def _read(self, home: ShardKeys) -> list[Entry]:
        queues = [home.reports, home.inbox]
        return await streams.read_new(self._redis, STATE_MANAGERS_GROUP, self.context.consumer, queues, _PAGE, None)

    async def _apply(self, home: ShardKeys, entries: list[Entry], step: str) -> None:
        if self._plan.strikes(step, "manager-before"):
            await self._die()
            self._clock.pass_ms(self.context.lease_ms)
            entries = [
                entry
                for queue in (home.reports, home.inbox)
                for entry in await streams.take_over(
                    self._redis, queue, self.context.consumer, self.context.lease_ms // 2, _PAGE
                )
            ]
        await self._apply_all(home, entries)
        if self._plan.strikes(step, "manager-after"):
            await self._die()
            await self._apply_all(home, entries)

    async def _apply_all(self, home: ShardKeys, entries: Sequence[Entry]) -> None:
        if home not in self._consumers:
            self._consumers[home] = Consumer(self.context, home, lambda *_: None)
        await self._consumers[home].apply(entries)
        await self._consumers[home].settled()

    async def _carry(self, home: ShardKeys) -> bool:
        """Take what waits on an outbox to where it is to go. Returns whether there was anything."""
        page = await handoff.read_outbox(self._redis, home, "0", _PAGE, None)
        if page:
            if home not in self._couriers:
                self._couriers[home] = Courier(self.context, home)
            await self._couriers[home].carry(page)
        return bool(page)

    async def next_due(self) -> int | None:
        """Return when the next state that waits becomes ready, in unix ms of the clock; None when none waits."""
        waits = [left for home in self._homes for _, left in await read_due(self._redis, home, _EVER_MS, 1)]
        return self._clock.now_ms + max(0, min(waits)) if waits else None

    async def pass_time(self) -> bool:
        """Go on to the moment at which the next state that waits becomes ready. False when none waits."""
        moment = await self.next_due()
        if moment is None:
            return False
        self._clock.now_ms = moment
        await self.promote()
        return True

    async def promote(self) -> None:
        """Make ready what is due now."""
        for home in self._homes:
            if await read_due(self._redis, home, 0, 1):
                # A new one looks at once at what is due, and would wait where nothing is.
                await Promoter(self.context, home).run_once()
        await self.work("due")

    async def take_back(self, home: ShardKeys, stream: str, entry: str) -> None:
        """A worker shows no life until the lease of its delivery is over: the state is ready again."""
        self._clock.pass_ms(self.context.lease_ms)
        await Reaper(self.context, home).reclaim(await streams.read_entries(self._redis, stream, [entry]))

    async def _die(self) -> None:
        """Another state manager, which remembers nothing, takes this one's place."""
        await self.close()
        self._consumers.clear()
        self._couriers.clear()
        self.context = self._new_context()

    async def close(self) -> None:
        """Close what was opened."""
        for agent in (*self._consumers.values(), *self._couriers.values()):
            await agent.close()
