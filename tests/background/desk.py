"""Background jobs over a Redis, called by hand."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import fakeredis
from redis.asyncio import Redis

from exosphere_core.api import NodeBody
from exosphere_core.keys import CatalogKeys, ShardKeys
from exosphere_core.store import reads
from exosphere_orchestrator.background.context import Jobs
from exosphere_orchestrator.catalog import graphs, nodes
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.succession import Limits
from exosphere_orchestrator.runs import RunStarter
from exosphere_orchestrator.settings import load_settings
from exosphere_orchestrator.vault import Vault, new_key

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
        self._key = new_key()
        self.settings = load_settings(
            {"EXOSPHERE_REDIS_URL": "unix:///nowhere", "STATE_MANAGER_SECRET": "k", "SECRETS_ENCRYPTION_KEY": self._key}
        )
        self.jobs = self.another()

    def another(self) -> Jobs:
        """The jobs of another replica, which remembers nothing."""
        starter = RunStarter(self.redis, GraphPlans(self.redis), Limits(1000, 1_000_000), 1, lambda *_: None)
        return Jobs(self.settings, self.redis, starter)

    async def register(self) -> None:
        """Register the nodes of the graphs."""
        no_fields: dict[str, Any] = {"type": "object", "properties": {}}
        bodies = [
            NodeBody(name=name, inputs_schema=no_fields, outputs_schema=no_fields, secrets=[]) for name in ("A", "B")
        ]
        await nodes.register(self.redis, "ns", "rt", bodies, 1)

    async def graph(self, *expressions: str, name: str = "g", **extra: Any) -> None:
        """Store a graph with cron triggers as a new version."""
        triggers = [{"type": "CRON", "value": {"expression": expression}} for expression in expressions]
        body = {"nodes": NODES, "triggers": triggers, **extra}
        await graphs.upsert(self.redis, Vault(self._key), "ns", name, body, {}, 100)

    async def schedules(self) -> dict[str, int]:
        """Schedule → its due time."""
        page = await self.redis.zrange(CATALOG.schedules, 0, -1, withscores=True)
        return {member.decode(): int(score) for member, score in page}

    async def set_due(self, member: str, due: int) -> None:
        """Set a schedule's due time back: Redis' clock can't be moved."""
        assert await self.redis.zadd(CATALOG.schedules, {member: due}, xx=True, ch=True) == 1

    async def firings(self, graph: str = "g") -> list[dict[str, Any]]:
        """What came of the firings, the newest first."""
        return [json.loads(raw) for raw in await self.redis.lrange(CATALOG.firings(graph), 0, -1)]

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
