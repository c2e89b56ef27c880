"""Starts and stops the agents: four for each shard of each namespace."""

import asyncio
import os
import secrets
import socket

from exosphere_core.errors import CorruptRecord
from exosphere_core.keys import ShardKeys
from exosphere_core.store.catalog import read_namespaces
from exosphere_core.store.connection import Redis, connect, connect_untimed
from exosphere_core.store.shard_count import note_shards, read_shards
from exosphere_orchestrator.admission.intake import new_intake
from exosphere_orchestrator.admission.sizes import limits_of
from exosphere_orchestrator.edge import Edge
from exosphere_orchestrator.engine.agent import Agent
from exosphere_orchestrator.engine.consumer import Consumer
from exosphere_orchestrator.engine.context import EngineContext, logger
from exosphere_orchestrator.engine.courier import Courier
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.promoter import Promoter
from exosphere_orchestrator.engine.reaper import Reaper
from exosphere_orchestrator.engine.recorder import Recorder
from exosphere_orchestrator.engine.reruns import Reruns
from exosphere_orchestrator.engine.tasks import TaskCache
from exosphere_orchestrator.server_watch import ServerWatch
from exosphere_orchestrator.settings import Settings

#: How often namespaces that other state managers made known are looked for, in s.
_LOOK_S = 2.0

#: How long a batch of reports that is being applied may take after a stop was asked for, in s: longer than a read waits.
_GRACE_S = 6.0


def new_context(settings: Settings, redis: Redis, scripts: Redis) -> EngineContext:
    """Make what the agents share."""
    return EngineContext(
        url=settings.redis_url.get_secret_value(),
        redis=redis,
        scripts=scripts,
        consumer=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
        lease_ms=settings.lease_ms,
        http_lease_ms=settings.http_lease_ms,
        max_lost_leases=settings.max_lost_leases,
        limits=limits_of(settings),
        plans=GraphPlans(redis),
        tasks=TaskCache(redis),
        reruns=Reruns(redis),
        intake=new_intake(settings),
    )


class Scout(Agent):
    """Looks for namespaces that other state managers made known, and tells those who make runs without asking one how many
    shards there are.
    """

    def __init__(self, engine: "Engine", shards: int) -> None:
        super().__init__(engine.context, "scout")
        self._engine = engine
        self._shards = shards
        self._shards_told = False

    async def run_once(self) -> None:
        for namespace in await read_namespaces(self.context.redis):
            self._engine.serve(namespace)
        # After that, so that nobody makes a run where nobody looks yet.
        await self._tell_shards()
        await asyncio.sleep(_LOOK_S)

    async def _tell_shards(self) -> None:
        """The state manager that began last is right; what Redis lost is told again."""
        redis = self.context.redis
        try:
            told = await read_shards(redis)
        except CorruptRecord as bad:
            logger.error("%s; it is written anew", bad.detail)
            told = None
        if told is not None and self._shards_told:
            return
        if told is not None and told > self._shards:
            logger.warning(
                "EXOSPHERE_SHARDS is %d here and was %d for another state manager: pending runs of the other shards stand "
                "still while none with the larger number runs", self._shards, told,
            )  # fmt: skip
        if told != self._shards:
            await note_shards(redis, self._shards)
        self._shards_told = True


class Engine:
    """The agents of one state manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        #: Calls of the API, the watch of Redis and what it applies again go over these connections: they leave a master that
        #: was replaced all at once, so that nothing is applied again on the old one, or answered by it afterwards.
        self.redis = connect(settings.redis_url.get_secret_value())
        self._scripts = connect_untimed(settings.redis_url.get_secret_value())
        self.context = new_context(settings, self.redis, self._scripts)
        self.edge = Edge(self.redis)
        self._recorder = Recorder(self.context)
        self._promoters: dict[ShardKeys, Promoter] = {}
        self._agents: list[Agent] = []
        self._stopped = False

    def start(self) -> None:
        """Start; the agents of a namespace start when it is known."""
        self._recorder.start()
        self._run(Scout(self, self._settings.shards))
        self._run(ServerWatch(self.context, self.edge))

    def serve(self, namespace: str) -> None:
        """Work for a namespace from now on."""
        if self._stopped:
            return
        for shard in range(self._settings.shards):
            keys = ShardKeys(namespace, shard)
            if keys not in self._promoters:
                self._promoters[keys] = Promoter(self.context, keys)
                self._run(self._promoters[keys])
                self._run(Consumer(self.context, keys, self.note_due))
                self._run(Reaper(self.context, keys))
                self._run(Courier(self.context, keys))

    def note_due(self, home: ShardKeys, state: str, delay_ms: int) -> None:
        """A state of this shard becomes ready after this time."""
        self.serve(home.namespace)
        if promoter := self._promoters.get(home):
            promoter.note(state, delay_ms)

    async def stop(self) -> None:
        """Stop the agents. They finish what takes no time, and hand the rest back to other state managers at once."""
        self._stopped = True
        await asyncio.gather(*(agent.stop(_GRACE_S) for agent in self._agents))
        await self._recorder.stop(_GRACE_S)
        await self.redis.aclose()
        await self._scripts.aclose()

    def _run(self, agent: Agent) -> None:
        self._agents.append(agent)
        agent.start()
