"""Plays a run from its trigger to its end, in one process: the real engine, the users' nodes, one delivery after the other."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from exosphere_core.errors import BadRequest
from exosphere_core.ids import new_run_id
from exosphere_core.keys import RUNTIMES_GROUP, shard_keys
from exosphere_core.states import RunStatus
from exosphere_core.store import reads, streams
from exosphere_core.store.connection import Redis
from exosphere_orchestrator.admission.sizes import limits_of
from exosphere_orchestrator.runs import RunStarter
from exosphere_worker.attempt import attempt
from exosphere_worker.executor import NodeRunner
from exosphere_worker.held import Held, read_own_delivery
from exosphere_worker.node import BaseNode
from exosphere_worker.outcome import Outcome
from exosphere_worker.outgoing import report_on
from exospherehost.testing.answers import StateAnswers, WorkerAnswers
from exospherehost.testing.clock import Clock
from exospherehost.testing.declared import Declared
from exospherehost.testing.faults import FaultKind, Plan
from exospherehost.testing.lines import Threads
from exospherehost.testing.notebook import Notebook
from exospherehost.testing.result import GraphResult, result_of
from exospherehost.testing.server import fake_redis
from exospherehost.testing.stage import Stage
from exospherehost.testing.state_manager import PlayedManager

#: The kinds of faults by which a report comes when another attempt is current.
_LATE: tuple[FaultKind, ...] = ("late", "last")


class Scene(NamedTuple):
    """What is to be played.

    Attributes:
        delay_ms: how long the root waits.
        most_executions: a run that has not ended after so many is given up.
        run_id: None for a random one.
        prefix: stands before the names of its steps.
    """

    graph: Declared
    nodes: Sequence[type[BaseNode]]
    inputs: Mapping[str, str]
    store: Mapping[str, str]
    delay_ms: int
    most_executions: int
    run_id: str | None
    prefix: str


class _Overdue(NamedTuple):
    """A report that comes when another attempt is current."""

    kind: FaultKind
    held: Held
    outcome: Outcome


async def play_graph(scene: Scene, plan: Plan) -> GraphResult:
    """Play a run to its end.

    Raises:
        InvalidGraph: the graph is not valid, or can't run with these nodes.
        BadRequest: inputs or store do not fit the graph.
        AssertionError: the run has not ended after the most executions.
    """
    clock = Clock()
    async with fake_redis() as redis:
        with clock.rules(), Threads() as threads:
            runners = {node.__name__: NodeRunner(node, threads) for node in scene.nodes}
            play = Play(redis, clock, scene, plan, runners, threads)
            try:
                return await play.run()
            finally:
                await play.manager.close()


class Play:
    """One graph, its workers and its state manager, on one fake Redis.

    Attributes:
        stage: what is there before a run begins.
    """

    def __init__(
        self,
        redis: Redis,
        clock: Clock,
        scene: Scene,
        plan: Plan,
        runners: Mapping[str, NodeRunner],
        threads: Threads,
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._scene = scene
        self._plan = plan
        self._runners = runners
        self._threads = threads
        self.stage = Stage(redis, scene.graph, scene.nodes)
        self.manager = PlayedManager(redis, clock, self.stage.settings, self.stage.homes, plan)
        self._home = shard_keys(scene.graph.namespace)
        self._worker = 1
        #: identifier → deliveries; state id → how often its node was executed.
        self._deliveries: Counter[str] = Counter()
        self._executions: Counter[str] = Counter()
        self._overdue: dict[str, _Overdue] = {}
        self._notebook = Notebook()

    async def run(self) -> GraphResult:
        """Store the graph, trigger it, and play the run to its end. Raises as `play_graph` does."""
        await self.stage.set_up()
        run = await self._trigger()
        await self.work_off()
        while await self.manager.pass_time():
            await self.work_off()
        result = await self.result(run)
        assert result.status != RunStatus.PENDING, f"nobody has anything to do, and the run has not ended: {result!r}"
        return result

    async def work_off(self) -> None:
        """Deliver until nothing is ready. Raises AssertionError after the most executions."""
        while held := await self._take():
            await self._deliver(held)
            if self._executions.total() > self._scene.most_executions:
                states = await self.result(held.task.run)
                raise AssertionError(
                    f"the run has not ended after {self._scene.most_executions} executions; raise `most_executions` "
                    f"where that is meant to be so: {states!r}"
                )

    def starter(self) -> RunStarter:
        """Return what starts runs: the state manager that is there now."""
        plans = self.manager.context.plans
        return RunStarter(self._redis, plans, limits_of(self.stage.settings), 1, lambda *_: None)

    async def _trigger(self) -> str:
        scene = self._scene
        started = await self.starter().trigger(
            scene.graph.namespace, scene.graph.name, scene.inputs, scene.store, scene.delay_ms,
            scene.run_id or new_run_id(0),
        )  # fmt: skip
        if started.ignored_inputs:
            names = ", ".join(map(repr, started.ignored_inputs))
            raise BadRequest(f"the root of the graph declares no input {names}: nothing would read it")
        await self.manager.work("trigger")
        return started.run_id

    async def _take(self) -> Held | None:
        """A worker takes what is ready of the first node, in the order of the graph, of which something is."""
        for stream, (home, node) in self.stage.queues.items():
            for entry in await streams.read_new(self._redis, RUNTIMES_GROUP, self._consumer, [stream], 1, None):
                return read_own_delivery(entry, home, node)
        return None

    @property
    def _consumer(self) -> str:
        return f"worker-{self._worker}"

    async def _deliver(self, held: Held) -> None:
        identifier = held.task.identifier
        self._deliveries[identifier] += 1
        step = f"{self._scene.prefix}{identifier}#{self._deliveries[identifier]}"
        overdue = self._overdue.pop(held.state, None)
        if overdue and overdue.kind == "late":
            await self._report(overdue.held, overdue.outcome, step)
        if self._plan.strikes(step, "died-before"):
            await self._lose(held, step)
            return
        outcome = await self._execute(held, step)
        if outcome is None or self._plan.strikes(step, "twice"):
            await self._lose(held, step)
            return
        for kind in _LATE:
            if self._plan.strikes(step, kind):
                self._overdue[held.state] = _Overdue(kind, held, outcome)
                await self._lose(held, step)
                return
        await self._report(held, outcome, step)
        if overdue and overdue.kind == "last":
            await self._report(overdue.held, overdue.outcome, step)

    async def _execute(self, held: Held, step: str) -> Outcome | None:
        self._executions[held.state] += 1
        runner = self._runners[held.task.node]
        answers = StateAnswers(
            self._redis, self._clock, self.stage.vault, self.stage.settings, held.task, self._notebook
        )
        worker: Any = WorkerAnswers(answers, runner.node, self._plan, step)
        with self._clock.suspended():
            outcome: Outcome | None = await worker.execute(attempt(worker, runner, held), runner.node, self._threads)
        return outcome

    async def _report(self, held: Held, outcome: Outcome, step: str) -> None:
        report = report_on(held, outcome, self.stage.settings.max_report_bytes, self._consumer)
        done = {held.stream: [held.entry]}
        await streams.send_reports(self._redis, [(report.queue.reports, report.words)], done)
        await self.manager.work(step)

    async def _lose(self, held: Held, step: str) -> None:
        """The worker is gone: its delivery is another one's when the lease is over."""
        self._worker += 1
        home, _ = self.stage.queues[held.stream]
        await self.manager.take_back(home, held.stream, held.entry)
        await self.manager.work(step)

    async def result(self, run: str) -> GraphResult:
        """What came of a run so far."""
        (record,) = await reads.read_runs(self._redis, self._home, [run])
        ids = await reads.read_state_ids(self._redis, self._home, run)
        states = await reads.read_states(self._redis, self._home, ids)
        store = await reads.read_store(self._redis, self._home, run)
        return result_of(record, states, store, self._executions, tuple(self._plan.met), self._notebook)
