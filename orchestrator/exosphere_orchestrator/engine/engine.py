"""Starts and stops the agents: three for each shard of each namespace."""

import asyncio
import contextvars
import os
import secrets
import socket

from exosphere_core.ending import end
from exosphere_core.keys import ShardKeys
from exosphere_core.store.catalog import read_namespaces
from exosphere_core.store.connection import Redis, connect, connect_untimed
from exosphere_core.store.durable import Safety
from exosphere_orchestrator.admission.budget import MemoryBudget
from exosphere_orchestrator.admission.intake import Intake
from exosphere_orchestrator.edge import Edge
from exosphere_orchestrator.engine.agent import Agent
from exosphere_orchestrator.engine.consumer import Consumer
from exosphere_orchestrator.engine.context import EngineContext
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.inputs import Limits
from exosphere_orchestrator.engine.promoter import Promoter
from exosphere_orchestrator.engine.reaper import Reaper
from exosphere_orchestrator.engine.reruns import Reruns
from exosphere_orchestrator.engine.tasks import TaskCache
from exosphere_orchestrator.server_watch import ServerWatch
from exosphere_orchestrator.settings import Settings

#: How often namespaces that other state managers made known are looked for, in s.
_LOOK_S = 2.0


def new_context(settings: Settings, redis: Redis, scripts: Redis) -> EngineContext:
    """Make what the agents share."""
    return EngineContext(
        url=settings.redis_url.get_secret_value(),
        redis=redis,
        scripts=scripts,
        consumer=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
        lease_ms=settings.lease_ms,
        max_lost_leases=settings.max_lost_leases,
        limits=Limits(settings.max_fan_out, settings.max_value_bytes),
        plans=GraphPlans(redis),
        tasks=TaskCache(redis),
        reruns=Reruns(redis),
        intake=new_intake(settings),
    )


def new_intake(settings: Settings) -> Intake:
    """Make the way in for new runs."""
    return Intake(
        settings.max_queued,
        MemoryBudget(settings.max_memory_percent, settings.max_memory_bytes),
        new_safety(settings),
    )


def new_safety(settings: Settings) -> Safety:
    """Tell what a run must have reached before it is answered."""
    return Safety(settings.trigger_replicas, settings.trigger_fsync, settings.trigger_wait_ms)


class Scout(Agent):
    """Looks for namespaces that other state managers made known."""

    def __init__(self, engine: "Engine") -> None:
        super().__init__(engine.context, "scout")
        self._engine = engine

    async def run_once(self) -> None:
        for namespace in await read_namespaces(self.context.redis):
            self._engine.serve(namespace)
        await asyncio.sleep(_LOOK_S)


class Engine:
    """The agents of one state manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._redis = connect(settings.redis_url.get_secret_value())
        self._scripts = connect_untimed(settings.redis_url.get_secret_value())
        self.context = new_context(settings, self._redis, self._scripts)
        self.edge = Edge(self._scripts)
        self._promoters: dict[ShardKeys, Promoter] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Start; the agents of a namespace start when it is known."""
        self._run(Scout(self))
        self._run(ServerWatch(self.context, self.edge))

    def serve(self, namespace: str) -> None:
        """Work for a namespace from now on."""
        for shard in range(self._settings.shards):
            keys = ShardKeys(namespace, shard)
            if keys not in self._promoters:
                self._promoters[keys] = Promoter(self.context, keys)
                self._run(self._promoters[keys])
                self._run(Consumer(self.context, keys, self.note_due))
                self._run(Reaper(self.context, keys))

    def note_due(self, home: ShardKeys, state: str, delay_ms: int) -> None:
        """A state of this shard becomes ready after this time."""
        self.serve(home.namespace)
        if promoter := self._promoters.get(home):
            promoter.note(state, delay_ms)

    async def stop(self) -> None:
        """Stop the agents. What they leave undone is in the records and streams for others."""
        await end(*self._running.values())
        await self._redis.aclose()
        await self._scripts.aclose()

    def _run(self, agent: Agent) -> None:
        # A context of its own: a request that starts agents collects its own calls, not theirs.
        self._running[agent.name] = asyncio.create_task(agent.run(), name=agent.name, context=contextvars.Context())
