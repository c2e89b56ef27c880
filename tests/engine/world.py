"""A small world for engine tests: the real engine over a Redis, driven one step at a time, with runtimes played by hand."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import fakeredis
from redis.asyncio import Redis

from entry_words import words
from exosphere_core.graph.structure import read_template
from exosphere_core.ids import shard_of_ours
from exosphere_core.keys import RUNTIMES_GROUP, STATE_MANAGERS_GROUP, ShardKeys
from exosphere_core.store import catalog, moves, reads, streams
from exosphere_core.store.calls import apply
from exosphere_core.store.connection import connect
from exosphere_core.store.groups import ensure_groups
from exosphere_core.store.reads import RunRecord, StateRecord
from exosphere_orchestrator.engine.consumer import Consumer
from exosphere_orchestrator.engine.context import EngineContext
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.inputs import Limits
from exosphere_orchestrator.engine.places import ready_key
from exosphere_orchestrator.engine.reruns import Reruns
from exosphere_orchestrator.engine.tasks import TaskCache
from exosphere_orchestrator.runs import RunStarter
from exosphere_orchestrator.steering.cancel import cancel_run
from exosphere_orchestrator.steering.rerun import rerun
from exosphere_orchestrator.steering.retry import retry_failed, retry_state
from exosphere_worker.held import Held, read_delivery
from exosphere_worker.outcome import Failed, Outcome, Pruned, Requeued, Succeeded
from exosphere_worker.reporter import report_of

HOME = ShardKeys("ns")


def home_of(run: str) -> ShardKeys:
    """The keys of the shard that a run's id names."""
    return ShardKeys(HOME.namespace, shard_of_ours(run))


def node(identifier: str, next_nodes: Sequence[str] = (), unites: Any = None, **inputs: str) -> dict[str, Any]:
    """A node of a graph: class and identifier have the same name."""
    declared: dict[str, Any] = {
        "node_name": identifier.upper(), "namespace": "ns", "identifier": identifier,
        "inputs": inputs, "next_nodes": list(next_nodes),
    }  # fmt: skip
    if unites is not None:
        declared["unites"] = {"identifier": unites} if isinstance(unites, str) else unites
    return declared


def one(**outputs: str) -> Succeeded:
    """The node returned one output."""
    return Succeeded([outputs], fanned_out=False)


def many(*values: str) -> Succeeded:
    """The node returned a list: one branch a value, each with the output `v`."""
    return Succeeded([{"v": value} for value in values], fanned_out=True)


def failed(error: str = "boom", *, retryable: bool = True) -> Failed:
    return Failed(error, retryable)


class World:
    """Graphs are stored without a registry: what the nodes are is up to the test."""

    def __init__(self, redis: Redis, limits: Limits | None = None) -> None:
        self.redis = redis
        self.noted: list[tuple[str, int]] = []
        self.context = self._context("sm-1", limits or Limits(100_000, 10_000_000))
        self.consumer = Consumer(self.context, HOME, self._note)
        self.run_id = ""
        self._consumers = [self.consumer]

    def _note(self, home: ShardKeys, state: str, delay_ms: int) -> None:
        self.noted.append((state, delay_ms))

    def _context(self, name: str, limits: Limits) -> EngineContext:
        return EngineContext(
            url="unix:///nowhere", redis=self.redis,
            scripts=self.redis, consumer=name, lease_ms=1000, max_lost_leases=3,
            limits=limits, plans=GraphPlans(self.redis), tasks=TaskCache(self.redis),
            reruns=Reruns(self.redis),
        )  # fmt: skip

    def another_state_manager(self, name: str = "sm-2") -> Consumer:
        """A state manager that remembers nothing of what this one did."""
        consumer = Consumer(self._context(name, self.context.limits), HOME, self._note)
        self._consumers.append(consumer)
        return consumer

    async def graph(self, *nodes: dict[str, Any], name: str = "g", **extra: Any) -> None:
        """Store a graph as a new version."""
        template, errors = read_template({"nodes": list(nodes), **extra})
        assert template is not None, errors
        last = await catalog.read_last_version(self.redis, "ns", name)
        assert await catalog.save_version(
            self.redis, "ns", name, after=last, template=template.model_dump_json().encode(),
            secrets={}, status="VALID", errors=[], old_schedules=[], new_schedules={},
        )  # fmt: skip
        await ensure_groups(self.redis, [HOME.reports, HOME.inbox], STATE_MANAGERS_GROUP)
        for declared in template.nodes:
            there = ShardKeys(declared.namespace)
            await ensure_groups(self.redis, [there.ready(declared.node_name)], RUNTIMES_GROUP)
            await ensure_groups(self.redis, [there.reports], STATE_MANAGERS_GROUP)

    async def trigger(self, graph: str = "g", inputs: Mapping[str, str] | None = None, **more: Any) -> str:
        """Start a run and return its id."""
        starter = RunStarter(self.redis, self.context.plans, self.context.limits, 1, self._note)
        started = await starter.trigger(
            "ns", graph, inputs or {}, more.get("store", {}), more.get("delay_ms", 0), more.get("run_id")
        )
        self.run_id = started.run_id
        return self.run_id

    async def take(self, identifier: str, worker: str = "w") -> list[Held]:
        """A runtime takes all that is ready of a node, in branch order."""
        ready = HOME.ready(identifier.upper())
        entries = await streams.read_new(self.redis, RUNTIMES_GROUP, worker, [ready], 1000, None)
        return sorted((read_delivery(entry) for entry in entries), key=lambda held: held.task.branch)

    async def take_one(self, identifier: str, worker: str = "w") -> Held:
        """A runtime takes the one state that is ready of a node."""
        (held,) = await self.take(identifier, worker)
        return held

    async def promote(self, state: str) -> None:
        """Wait until the time has come for which a state waits, as Redis' clock tells it, and make it ready."""
        (task,) = await self.context.tasks.get_many([(HOME, state)])
        assert task is not None
        async with asyncio.timeout(20):
            while left := await apply(self.redis, moves.promote(HOME, state, ready_key(task))):
                await asyncio.sleep(left / 1000)

    async def report(self, held: Held, outcome: Outcome, **more: str | bytes) -> None:
        """A runtime reports, and the engine applies all that there is to apply."""
        await self.send(held, outcome, **more)
        await self.drain()

    async def send(self, held: Held, outcome: Outcome, **more: str | bytes) -> None:
        """A runtime reports; `more` are fields of its report beside those that each has."""
        kind, body = report_of(outcome)
        fields: dict[str, str | bytes] = {
            "kind": kind, "home": held.task.home, "state": held.state, "attempt": held.attempt, "body": body,
            **more,
        }  # fmt: skip
        reports = ShardKeys(held.task.namespace).reports
        await streams.send_reports(self.redis, [(reports, words(fields))], {held.stream: [held.entry]})

    async def cancel(self) -> None:
        """The run is cancelled. Raises Conflict when it has ended otherwise."""
        await cancel_run(self.context, HOME, self.run_id)
        await self.drain()

    async def retry_by_hand(self, state: str, fanout_id: str = "again") -> str:
        """A state is retried by hand; returns the id of the new one. Raises Conflict."""
        return await retry_state(self.context, HOME, state, fanout_id)

    async def retry_failed(self) -> dict[str, str]:
        """All that failed is retried by hand. Raises Conflict."""
        return (await retry_failed(self.context, HOME, self.run_id)).made

    async def rerun(self, run: str, **how: Any) -> str:
        """A run is run again; the new run is the one looked at from now on. Returns its id."""
        self.run_id = await rerun(self.context, HOME, run, **{"inputs": {}, "store": {}, **how})
        await self.drain()
        return self.run_id

    async def do(self, identifier: str, outcome: Outcome) -> Held:
        """The one ready state of a node is taken and ends so."""
        held = await self.take_one(identifier)
        await self.report(held, outcome)
        return held

    async def drain(self, consumer: Consumer | None = None) -> None:
        """The engine applies reports until there are none."""
        consumer = consumer or self.consumer
        name = consumer.context.consumer
        queues = [HOME.reports, HOME.inbox]
        while entries := await streams.read_new(self.redis, STATE_MANAGERS_GROUP, name, queues, 256, None):
            await consumer.apply(entries)
            await consumer.settled()

    async def reports(self) -> list[streams.Entry]:
        """Take the reports as a state manager does, without applying them."""
        return await streams.read_new(self.redis, STATE_MANAGERS_GROUP, "sm-1", [HOME.reports], 256, None)

    async def states(self, identifier: str | None = None) -> list[StateRecord]:
        """The run's states, in branch order within an identifier."""
        ids = await reads.read_state_ids(self.redis, HOME, self.run_id)
        found = await reads.read_states(self.redis, HOME, ids)
        wanted = [state for state in found if identifier in (None, state.task.identifier)]
        return sorted(wanted, key=lambda state: (state.task.branch, state.task.position, state.task.retry_count))

    async def state(self, identifier: str) -> StateRecord:
        """The one state of an identifier."""
        (state,) = await self.states(identifier)
        return state

    async def statuses(self) -> dict[str, list[str]]:
        """identifier → the statuses of its states, in branch order."""
        found: dict[str, list[str]] = {}
        for state in await self.states():
            found.setdefault(state.task.identifier, []).append(state.status.value)
        return found

    async def run(self) -> RunRecord:
        """The run's record."""
        (record,) = await reads.read_runs(self.redis, HOME, [self.run_id])
        return record

    async def check_counts(self) -> None:
        """The run's counters equal a recount of its states, and nothing is left pending once it has ended."""
        run = await self.run()
        states = await self.states()
        assert Counter(run.made) == Counter(state.task.identifier for state in states)
        open_now = sum(1 for state in states if state.status in ("CREATED", "QUEUED", "EXECUTED"))
        recount: Counter[tuple[str, str]] = Counter()
        for state in states:
            if state.status not in ("CREATED", "QUEUED", "EXECUTED"):
                recount[state.task.identifier, state.status] += 1
        assert {key: value for key, value in run.ended.items() if value} == recount
        if run.status != "PENDING":
            assert open_now == 0
            assert await self.redis.xlen(HOME.reports) == 0
            for identifier in run.made:
                assert await self.redis.xlen(HOME.ready(identifier.upper())) == 0

    async def close(self) -> None:
        for consumer in self._consumers:
            await consumer.close()


class Lane:
    """Runs a coroutine with a fresh world; `asyncio.run` for each test keeps loops apart."""

    def __init__(self, name: str, url: str | None) -> None:
        self.name = name
        self._url = url

    def run(self, scene: Callable[[World], Coroutine[Any, Any, None]]) -> None:
        async def play() -> None:
            redis = fakeredis.FakeAsyncRedis() if self._url is None else connect(self._url)
            await redis.flushall()
            world = World(redis)
            try:
                await scene(world)
            finally:
                await world.close()
                await redis.aclose()

        asyncio.run(play())


__all__ = ["HOME", "Lane", "Pruned", "Requeued", "World", "failed", "many", "node", "one"]
