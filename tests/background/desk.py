"""Background jobs over a Redis, called by hand."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import fakeredis
from redis.asyncio import Redis

from background.wall_clock import ms
from exosphere_core.api import NodeBody
from exosphere_core.keys import CatalogKeys, ShardKeys
from exosphere_core.store import catalog, reads, schedules
from exosphere_core.store.schedules import Firing
from exosphere_orchestrator.background.context import Jobs
from exosphere_orchestrator.background.cron import fire_due_schedules
from exosphere_orchestrator.catalog import graphs, nodes
from exosphere_orchestrator.catalog import schedules as catalog_schedules
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.inputs import Limits
from exosphere_orchestrator.runs import RunStarter
from exosphere_orchestrator.settings import load_settings
from exosphere_orchestrator.vault import Vault, new_key

HOURLY = "0 * * * *"
YEARLY = "0 0 1 1 *"
HOUR_MS = 3_600_000
NOON = ms("2025-06-02 12:00")

HOME = ShardKeys("ns")
CATALOG = CatalogKeys("ns")

NODES = [
    {"node_name": "A", "namespace": "ns", "identifier": "a", "next_nodes": ["b"]},
    {"node_name": "B", "namespace": "ns", "identifier": "b"},
]


class Desk:
    """One replica of the background jobs."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        #: What time it is for the schedules, unix ms; None for Redis' own time.
        self.moment: int | None = None
        self._key = new_key()
        self.settings = load_settings(
            {"EXOSPHERE_REDIS_URL": "unix:///nowhere", "STATE_MANAGER_SECRET": "k", "SECRETS_ENCRYPTION_KEY": self._key}
        )
        self.jobs = self.another()

    def another(self) -> Jobs:
        """The jobs of another replica, which remembers nothing."""
        starter = RunStarter(self.redis, GraphPlans(self.redis), Limits(1000, 1_000_000), 1, lambda *_: None)
        return Jobs(self.settings, self.redis, starter, self._clock)

    async def _clock(self, redis: Redis) -> int:
        return await catalog.now_ms(redis) if self.moment is None else self.moment

    async def register(self, *inputs: str) -> None:
        """Register the nodes of the graphs."""
        no_fields: dict[str, Any] = {"type": "object", "properties": {}}
        fields = {"type": "object", "properties": {name: {"type": "string"} for name in inputs}}
        bodies = [
            NodeBody(name=name, inputs_schema=fields, outputs_schema=no_fields, secrets=[]) for name in ("A", "B")
        ]
        await nodes.register(self.redis, "ns", "rt", bodies, 1)

    async def graph(
        self, *expressions: str, name: str = "g", zone: str = "UTC", catchup: str | None = None, **extra: Any
    ) -> int:
        """Store a graph with cron triggers, and return its version."""
        values = [{"expression": expression, "timezone": zone} for expression in expressions]
        if catchup:
            values = [{**value, "catchup": catchup} for value in values]
        body = {"nodes": NODES, "triggers": [{"type": "CRON", "value": value} for value in values], **extra}
        return (await graphs.upsert(self.redis, Vault(self._key), "ns", name, body, {}, 100)).head.version

    async def due(self, *expressions: str, at: int = NOON, name: str = "g", **more: Any) -> None:
        """Store a graph whose schedules are all due at a moment, and let it be that moment."""
        await self.register()
        await self.graph(*expressions, name=name, **more)
        for index in range(len(expressions)):
            await self.set_due(f"{name}/{index}", at)
        self.moment = at

    async def fire(self, replicas: int = 3) -> int:
        """Let several replicas sweep at once. Returns how many schedules they dealt with together."""
        return sum(await asyncio.gather(*(fire_due_schedules(self.another()) for _ in range(replicas))))

    async def schedules(self) -> dict[str, int]:
        """Schedule → its due time."""
        page = await self.redis.zrange(CATALOG.schedules, 0, -1, withscores=True)
        return {member.decode(): int(score) for member, score in page}

    async def paused(self) -> set[str]:
        """The schedules that are paused."""
        found = await catalog_schedules.get_all(self.redis, "ns")
        return {schedules.member_of(one.graph, one.place) for one in found if one.record.paused_at is not None}

    async def set_due(self, member: str, due: int) -> None:
        """Set a schedule's due time back: Redis' clock can't be moved."""
        assert await self.redis.zadd(CATALOG.schedules, {member: due}, xx=True, ch=True) == 1

    async def firings(self, graph: str = "g") -> list[Firing]:
        """What came of the firings, the newest first."""
        return await schedules.read_firings(self.redis, "ns", graph)

    async def runs(self) -> list[reads.RunRecord]:
        """All runs, the oldest first."""
        ids = [raw.decode() for raw in await self.redis.zrange(HOME.runs, 0, -1)]
        return await reads.read_runs(self.redis, HOME, ids)


class Lane:
    """Runs a scene over an empty Redis."""

    def __init__(self, url: str | None) -> None:
        self._url = url

    def run(self, scene: Callable[[Desk], Coroutine[Any, Any, None]]) -> None:
        async def play() -> None:
            redis = fakeredis.FakeAsyncRedis() if self._url is None else Redis.from_url(self._url)
            await redis.flushall()
            try:
                await scene(Desk(redis))
            finally:
                await redis.aclose()

        asyncio.run(play())
