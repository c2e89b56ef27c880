"""Starting runs."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import NamedTuple

from exosphere_core import traces
from exosphere_core.errors import BadRequest, Conflict, ExosphereError, NotFound, NotYetSafe, Overloaded, Unavailable
from exosphere_core.graph.plan import GraphPlan
from exosphere_core.ids import derived_id, new_run_id, shard_of_ours
from exosphere_core.keys import ShardKeys
from exosphere_core.records import Task
from exosphere_core.store import moves, reads
from exosphere_core.store.calls import note, recorded
from exosphere_core.store.connection import Redis, is_cluster
from exosphere_core.store.faults import LOST, ResponseError, is_unpermitted
from exosphere_orchestrator.admission.intake import Intake
from exosphere_orchestrator.admission.sizes import check_given
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.inputs import Limits, Unresolvable, resolve, sized
from exosphere_orchestrator.engine.places import ready_key
from exosphere_orchestrator.idempotency import Keyed, keyed
from exosphere_orchestrator.runnable import no_graph, plan_to_run, store_of

_TRIES = 3
_PAUSE_S = 0.1

NoteDue = Callable[[ShardKeys, str, int], None]
#: State id → task.
KeepRoots = Callable[[dict[str, Task]], None]


class Started(NamedTuple):
    """A run that was accepted."""

    run_id: str
    ignored_inputs: list[str]


class _Outcome(NamedTuple):
    """What came of an attempt to make a run; one that was there already is not made."""

    made: bool
    started: Started


class _Making(NamedTuple):
    """What is asked for."""

    namespace: str
    graph: str
    inputs: Mapping[str, str]
    store: Mapping[str, str]
    delay_ms: int
    run: str
    request: str
    trace: str


class RunStarter:
    """Triggers graphs.

    Args:
        note_due: told of each root that waits for its time.
        intake: lets runs in, or not; without it all are.
        keep_roots: given the tasks of what was made; without it nobody is.
    """

    def __init__(
        self,
        redis: Redis,
        plans: GraphPlans,
        limits: Limits,
        shards: int,
        note_due: NoteDue,
        intake: Intake | None = None,
        keep_roots: KeepRoots | None = None,
    ) -> None:
        self._redis = redis
        self._plans = plans
        self._limits = limits
        self._shards = shards
        self._note_due = note_due
        self.intake = intake or Intake()
        self._keep_roots = keep_roots
        #: Whether a script may look at the graph, which spares a read of it first: on a cluster it is of another slot.
        self._may_look = not is_cluster(redis)

    async def trigger(
        self,
        namespace: str,
        graph: str,
        inputs: Mapping[str, str],
        store: Mapping[str, str],
        delay_ms: int,
        run_id: str | None = None,
        *,
        key: str | None = None,
        trace: str = "",
    ) -> Started:
        """Start a run of a graph's newest version.

        Args:
            inputs: replaces the root's inputs of the same names, as literal text.
            store: overlays the store's defaults.
            delay_ms: how long the root waits.
            run_id: given by a cause that may strike twice; a run that exists is left as it is.
            key: names this trigger within the graph, in place of a run id; a repeat is given the same run,
                whatever became of run and graph since, until the run is removed.
            trace: W3C traceparent that came with the call, or "".

        Raises:
            NotFound: there is no such graph.
            InvalidGraph: its newest version can't run.
            BadRequest: the store lacks a required key, or an input can't be made.
            TooLarge: it has too many inputs or store keys, or too large a store.
            Conflict: the graph is paused, or the key was used with another request.
            Unavailable: the run of the key is being removed just now.
            Overloaded: there is too much to do already; nothing was made.
            NotYetSafe: the run was made, and is not yet as safe as the settings want it.
        """
        if key is None:
            return (await self._start(namespace, graph, inputs, store, delay_ms, run_id, "", trace)).started
        wanted = keyed(namespace, graph, key, inputs, store, delay_ms, self._shards)
        try:
            outcome = await self._start(namespace, graph, inputs, store, delay_ms, wanted.run_id, wanted.digest, trace)
        except NotYetSafe:
            raise
        except ExosphereError:
            # The graph may have changed since the run was made.
            if repeated := await self._repeated(namespace, graph, key, inputs, wanted):
                return repeated
            raise
        if outcome.made:
            return outcome.started
        repeated = await self._repeated(namespace, graph, key, inputs, wanted)
        if repeated is None:
            raise Unavailable(f"run {wanted.run_id} was removed just now; try again")
        return repeated

    async def _repeated(
        self, namespace: str, graph: str, key: str, inputs: Mapping[str, str], wanted: Keyed
    ) -> Started | None:
        """Return the run that a key made earlier, or None. Raises Conflict when it was for another request."""
        home = ShardKeys(namespace, shard_of_ours(wanted.run_id))
        found = await reads.read_request(self._redis, home, wanted.run_id)
        if found is None:
            return None
        version, digest = found
        if digest != wanted.digest:
            raise Conflict(
                f"idempotency key {key!r} was used for another trigger of graph {graph!r}, with other inputs, store "
                "or start_delay; send that one again, or use another key"
            )
        try:
            plan = await self._plans.get(namespace, graph, version)
        except NotFound:
            # The graph was deleted: what its root declared is no longer known.
            return Started(wanted.run_id, [])
        return Started(wanted.run_id, _ignored(plan, inputs))

    async def _start(
        self,
        namespace: str,
        graph: str,
        inputs: Mapping[str, str],
        store: Mapping[str, str],
        delay_ms: int,
        run_id: str | None,
        request: str,
        trace: str,
    ) -> _Outcome:
        shard = shard_of_ours(run_id) if run_id else secrets.randbelow(self._shards)
        run = run_id or new_run_id(shard)
        with traces.making(namespace, graph, run, trace) as carried:
            return await self._make(_Making(namespace, graph, inputs, store, delay_ms, run, request, carried))

    async def _make(self, making: _Making) -> _Outcome:
        namespace, graph = making.namespace, making.graph
        if (seen := self._plans.seen_newest(namespace, graph)) is not None and self._may_look:
            try:
                if (outcome := await self._make_of(seen, making, look=True)) is not None:
                    return outcome
            except (NotYetSafe, Overloaded):
                raise
            except ResponseError as refused:
                if not is_unpermitted(refused):
                    raise
                # This user of Redis may read graphs, and have no script do it.
                self._may_look = False
            except ExosphereError:
                # What is wrong with it may be so with that version alone.
                pass
        outcome = await self._make_of(await plan_to_run(self._redis, self._plans, namespace, graph), making, look=False)
        assert outcome is not None
        return outcome

    async def _make_of(self, plan: GraphPlan, making: _Making, *, look: bool) -> _Outcome | None:
        """Make a run of a version. With `look`, None when that turns out not to be the newest, or may not be run."""
        namespace, graph, inputs, store, delay_ms, run, request, trace = making
        values = store_of(plan, store)
        check_given(inputs, values, self._limits)
        root = plan.nodes[plan.root]
        try:
            resolved = resolve(root.inputs, plan.root, {}, values)
            resolved.update({field: text for field, text in inputs.items() if field in root.inputs})
            encoded = sized(resolved, plan.root, self._limits.max_value_bytes)
        except Unresolvable as why:
            raise BadRequest(str(why)) from None
        task = Task(
            run=run,
            home=namespace,
            graph=graph,
            version=plan.version,
            identifier=plan.root,
            node=root.node,
            namespace=root.namespace,
            timeout_ms=root.timeout_ms,
            trace=trace,
        )
        home = ShardKeys(namespace, shard_of_ours(run))
        # A key names a new run once its run was removed: none of the states of old may be taken for one of that.
        state = derived_id("root", run, secrets.token_hex(8) if request else "")
        most = self.intake.max_queued
        call = moves.trigger(
            home, run, task, state, encoded, values, delay_ms, ready_key(task), None, request, most, look
        )  # fmt: skip
        for left in reversed(range(_TRIES)):
            try:
                # Safe to repeat after a lost reply: the same run id is made once.
                with recorded():
                    answer, _ = await self.intake.make(self._redis, call, task)
                break
            except LOST:
                if not left:
                    raise
                await asyncio.sleep(_PAUSE_S)
        if answer == b"changed":
            return None
        # Whoever applies it again, as Redis lost it, does not ask what became of the graph since: it was accepted.
        note([moves.without_look(call)])
        if answer == b"deleted":
            raise no_graph(namespace, graph)
        made = answer == b"made"
        if made and self._keep_roots is not None:
            self._keep_roots({state: task})
        if delay_ms:
            self._note_due(home, state, delay_ms)
        return _Outcome(made, Started(run, _ignored(plan, inputs)))


def _ignored(plan: GraphPlan, inputs: Mapping[str, str]) -> list[str]:
    return sorted(inputs.keys() - plan.nodes[plan.root].inputs.keys())
