"""The calls of a test: run a node, run a graph, run its schedules."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from exosphere_core.graph.model import CronTrigger, StoreConfigModel
from exosphere_core.ids import new_run_id, run_id_for
from exosphere_core.retry import RetryPolicyModel
from exosphere_worker.node import BaseNode
from exospherehost.testing.declared import GraphLike, declared
from exospherehost.testing.faults import Plan
from exospherehost.testing.outcome import NodeOutcome
from exospherehost.testing.play import Scene, play_graph
from exospherehost.testing.result import GraphResult
from exospherehost.testing.scheduled import FiringResult, Pause, play_schedules, span_of
from exospherehost.testing.single import check_nodes, play_node

Result = TypeVar("Result")

#: A run that has not ended after so many executions is given up.
_MOST_EXECUTIONS = 10_000


class Kit:
    """Runs nodes and graphs. The fixture `exosphere` is one.

    Args:
        plan: a fault that is to strike.
        seed: what ids of runs are made of, so that they are the same each time; None for random ones.

    Attributes:
        results: what came of the runs, in order, where there is a plan.
    """

    def __init__(self, plan: Plan | None = None, seed: str | None = None) -> None:
        self._plan = plan
        self._seed = seed
        self._runs = 0
        self._nodes: dict[str, int] = {}
        self.results: list[GraphResult] = []

    def run_node(
        self,
        node: type[BaseNode],
        inputs: Mapping[str, str] | None = None,
        *,
        secrets: Mapping[str, str] | None = None,
        store: Mapping[str, str] | None = None,
        recorded: Mapping[str, Any] | None = None,
        retry_count: int = 0,
        timeout_ms: int | None = None,
    ) -> NodeOutcome:
        """Run a node once, as a runtime does, with nothing around it.

        Args:
            node: the node class.
            inputs: values of its inputs.
            secrets: values of its secrets.
            store: what the store of its run holds.
            recorded: what `once` recorded before, by key: any JSON.
            retry_count: how many retries came before.
            timeout_ms: how long it may run, in ms of real time; None for no limit.

        Raises:
            BadRequest: the node class is none, or is given what it does not declare.
            RuntimeError: an event loop is running already: await `run_node_async`.
        """
        return _now(
            "run_node",
            self.run_node_async(
                node, inputs, secrets=secrets, store=store, recorded=recorded,
                retry_count=retry_count, timeout_ms=timeout_ms,
            ),
        )  # fmt: skip

    async def run_node_async(
        self,
        node: type[BaseNode],
        inputs: Mapping[str, str] | None = None,
        *,
        secrets: Mapping[str, str] | None = None,
        store: Mapping[str, str] | None = None,
        recorded: Mapping[str, Any] | None = None,
        retry_count: int = 0,
        timeout_ms: int | None = None,
    ) -> NodeOutcome:
        """Do what `run_node` does, in the event loop that is running."""
        name = getattr(node, "__name__", str(node))
        self._nodes[name] = number = self._nodes.get(name, 0) + 1
        run_id = new_run_id(0) if self._seed is None else run_id_for(0, self._seed, name, str(number))
        return await play_node(
            node, inputs or {}, secrets or {}, store or {}, recorded or {}, retry_count, timeout_ms, run_id,
            self._plan or Plan(), f"node/{name}#{number}",
        )  # fmt: skip

    def run_graph(
        self,
        graph: GraphLike,
        nodes: Sequence[type[BaseNode]],
        *,
        inputs: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        store: Mapping[str, str] | None = None,
        retry_policy: RetryPolicyModel | Mapping[str, Any] | None = None,
        store_config: StoreConfigModel | Mapping[str, Any] | None = None,
        start_delay: int = 0,
        namespace: str | None = None,
        fault: str | None = None,
        most_executions: int = _MOST_EXECUTIONS,
    ) -> GraphResult:
        """Run a graph from its trigger to its end, in this process, on the real engine and a fake Redis.

        Args:
            graph: its nodes, as models or in their JSON form; or the body of an upsert; or the path of a file of it,
                JSON or YAML.
            nodes: the classes of its nodes. They are registered in whatever namespaces the graph looks for them.
            inputs: replace the root's inputs of the same names, as literal text.
            secrets: name → value, for all nodes of the graph.
            store: overlays the defaults of the run's store.
            retry_policy: that of the graph, where `graph` is a list of nodes.
            store_config: that of the graph, where `graph` is a list of nodes.
            start_delay: ms before the root is ready.
            namespace: that of the run; of the graph's first node when nobody names it.
            fault: strikes this run: one of `GraphResult.faults` of a run without.
            most_executions: a run that has not ended after so many is given up.

        Raises:
            InvalidGraph: the graph is not valid, or can't run with these nodes; `errors` lists why.
            BadRequest: inputs or store do not fit the graph, or a node class is none.
            ConfigurationError: the file can't be read or is malformed.
            AssertionError: the run did not end, or the fault did not strike.
            RuntimeError: an event loop is running already: await `run_graph_async`.
        """
        return _now(
            "run_graph",
            self.run_graph_async(
                graph, nodes, inputs=inputs, secrets=secrets, store=store, retry_policy=retry_policy,
                store_config=store_config, start_delay=start_delay, namespace=namespace, fault=fault,
                most_executions=most_executions,
            ),
        )  # fmt: skip

    async def run_graph_async(
        self,
        graph: GraphLike,
        nodes: Sequence[type[BaseNode]],
        *,
        inputs: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        store: Mapping[str, str] | None = None,
        retry_policy: RetryPolicyModel | Mapping[str, Any] | None = None,
        store_config: StoreConfigModel | Mapping[str, Any] | None = None,
        start_delay: int = 0,
        namespace: str | None = None,
        fault: str | None = None,
        most_executions: int = _MOST_EXECUTIONS,
    ) -> GraphResult:
        """Do what `run_graph` does, in the event loop that is running."""
        check_nodes(list(nodes))
        settings = {"retry_policy": retry_policy, "store_config": store_config}
        prefix = self._next_prefix()
        scene = Scene(
            graph=declared(graph, settings, secrets or {}, namespace),
            nodes=nodes,
            inputs=inputs or {},
            store=store or {},
            delay_ms=start_delay,
            most_executions=most_executions,
            run_id=None if self._seed is None else run_id_for(0, self._seed, str(self._runs)),
            prefix=prefix,
        )
        plan = Plan(fault) if fault is not None or self._plan is None else self._plan
        result = await play_graph(scene, plan)
        if fault is not None and not plan.struck:
            raise AssertionError(f"the fault {fault!r} did not strike; those that may are {', '.join(plan.met)}")
        if self._plan is not None:
            self.results.append(result)
        return result

    def run_schedules(
        self,
        graph: GraphLike,
        nodes: Sequence[type[BaseNode]],
        *,
        begins: datetime,
        ends: datetime,
        off: Sequence[Pause] = (),
        triggers: Sequence[CronTrigger | Mapping[str, Any]] | None = None,
        secrets: Mapping[str, str] | None = None,
        retry_policy: RetryPolicyModel | Mapping[str, Any] | None = None,
        store_config: StoreConfigModel | Mapping[str, Any] | None = None,
        namespace: str | None = None,
        most_executions: int = _MOST_EXECUTIONS,
    ) -> list[FiringResult]:
        """Store a graph and fire its schedules over a span of virtual time; play the runs that they start.

        What nodes themselves do takes none of that time. Of each outage the newest 100 firings are told.

        Args:
            graph: as for `run_graph`.
            nodes: the classes of its nodes.
            begins: when the graph is stored; with a time zone, as all moments here.
            ends: the last moment that is played. A run that still waits for something then reads PENDING.
            off: pairs of moments between which the machine is off: nothing fires and nothing becomes ready until it
                is on again, and then what was missed is dealt with as `catchup` says.
            triggers: those of the graph, where `graph` is a list of nodes.
            secrets: name → value, for all nodes of the graph.
            retry_policy: that of the graph, where `graph` is a list of nodes.
            store_config: that of the graph, where `graph` is a list of nodes.
            namespace: that of the graph; of its first node when nobody names it.
            most_executions: given up when all runs together have had so many.

        Returns:
            What came of each due time, in the order in which they were dealt with.

        Raises:
            InvalidGraph: the graph is not well-formed. Whatever else keeps it from being triggered is the `error` of
                each firing.
            BadRequest: the graph has no triggers, a moment has no time zone, or a node class is none.
            ConfigurationError: the file can't be read or is malformed.
            AssertionError: the runs did not end.
            RuntimeError: an event loop is running already: await `run_schedules_async`.
        """
        return _now(
            "run_schedules",
            self.run_schedules_async(
                graph, nodes, begins=begins, ends=ends, off=off, triggers=triggers, secrets=secrets,
                retry_policy=retry_policy, store_config=store_config, namespace=namespace,
                most_executions=most_executions,
            ),
        )  # fmt: skip

    async def run_schedules_async(
        self,
        graph: GraphLike,
        nodes: Sequence[type[BaseNode]],
        *,
        begins: datetime,
        ends: datetime,
        off: Sequence[Pause] = (),
        triggers: Sequence[CronTrigger | Mapping[str, Any]] | None = None,
        secrets: Mapping[str, str] | None = None,
        retry_policy: RetryPolicyModel | Mapping[str, Any] | None = None,
        store_config: StoreConfigModel | Mapping[str, Any] | None = None,
        namespace: str | None = None,
        most_executions: int = _MOST_EXECUTIONS,
    ) -> list[FiringResult]:
        """Do what `run_schedules` does, in the event loop that is running."""
        check_nodes(list(nodes))
        settings = {"retry_policy": retry_policy, "store_config": store_config, "triggers": triggers}
        plan = self._plan or Plan()
        found = declared(graph, settings, secrets or {}, namespace)
        scene = Scene(found, nodes, {}, {}, 0, most_executions, None, self._next_prefix())
        firings = await play_schedules(scene, plan, span_of(begins, ends, off))
        if self._plan is not None:
            self.results += [firing.run for firing in firings if firing.run]
        return firings

    def _next_prefix(self) -> str:
        """What stands before the names of the steps of the next play."""
        self._runs += 1
        return "" if self._runs == 1 or self._plan is None else f"{self._runs}/"


def _now(name: str, work: Coroutine[Any, Any, Result]) -> Result:
    """Do something in an event loop of its own, and wait for it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    work.close()
    raise RuntimeError(f"{name} was called while an event loop is running; there: await {name}_async(…)")
