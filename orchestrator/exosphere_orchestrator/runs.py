"""Starting runs."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import NamedTuple

from exosphere_core.errors import BadRequest, InvalidGraph, NotFound
from exosphere_core.graph.plan import GraphPlan
from exosphere_core.keys import ShardKeys
from exosphere_core.names import identifier_error
from exosphere_core.records import Task, derived_id, new_run_id, shard_of_ours
from exosphere_core.store import moves
from exosphere_core.store.calls import apply
from exosphere_core.store.catalog import read_head
from exosphere_core.store.connection import Redis
from exosphere_core.store.faults import LOST
from exosphere_orchestrator.engine.graphs import GraphPlans
from exosphere_orchestrator.engine.inputs import Limits, Unresolvable, resolve, sized
from exosphere_orchestrator.engine.places import ready_key

_TRIES = 3
_PAUSE_S = 0.1

NoteDue = Callable[[ShardKeys, str, int], None]


class Started(NamedTuple):
    """A run that was accepted."""

    run_id: str
    ignored_inputs: list[str]


class RunStarter:
    """Triggers graphs.

    Args:
        note_due: told of each root that waits for its time.
    """

    def __init__(self, redis: Redis, plans: GraphPlans, limits: Limits, shards: int, note_due: NoteDue) -> None:
        self._redis = redis
        self._plans = plans
        self._limits = limits
        self._shards = shards
        self._note_due = note_due

    async def trigger(
        self,
        namespace: str,
        graph: str,
        inputs: Mapping[str, str],
        store: Mapping[str, str],
        delay_ms: int,
        run_id: str | None = None,
    ) -> Started:
        """Start a run of a graph's newest version.

        Args:
            inputs: replaces the root's inputs of the same names, as literal text.
            store: overlays the store's defaults.
            delay_ms: how long the root waits.
            run_id: given by a cause that may strike twice; a run that exists is left as it is.

        Raises:
            NotFound: there is no such graph.
            InvalidGraph: its newest version can't run.
            BadRequest: the store lacks a required key, or an input can't be made.
        """
        head = await read_head(self._redis, namespace, graph)
        if head is None:
            raise _no_graph(namespace, graph)
        if head.validation_status != "VALID":
            raise InvalidGraph(
                f"graph {graph!r} can't run, its validation status is {head.validation_status}: "
                + "; ".join(head.validation_errors),
                head.validation_errors,
            )
        plan = await self._plans.get(namespace, graph, head.version)
        values = _store(plan, store)
        root = plan.nodes[plan.root]
        try:
            resolved = resolve(root.inputs, plan.root, {}, values)
            resolved.update({field: text for field, text in inputs.items() if field in root.inputs})
            encoded = sized(resolved, plan.root, self._limits.max_value_bytes)
        except Unresolvable as why:
            raise BadRequest(str(why)) from None
        shard = shard_of_ours(run_id) if run_id else secrets.randbelow(self._shards)
        run = run_id or new_run_id(shard)
        task = Task(
            run=run,
            home=namespace,
            graph=graph,
            version=plan.version,
            identifier=plan.root,
            node=root.node,
            namespace=root.namespace,
            timeout_ms=root.timeout_ms,
        )
        home = ShardKeys(namespace, shard)
        state = derived_id("root", run)
        call = moves.trigger(home, run, task, state, encoded, values, delay_ms, ready_key(task))
        for left in reversed(range(_TRIES)):
            try:
                # Safe to repeat after a lost reply: the same run id is made once.
                (answer, _) = await apply(self._redis, call)
                break
            except LOST:
                if not left:
                    raise
                await asyncio.sleep(_PAUSE_S)
        if answer == b"deleted":
            raise _no_graph(namespace, graph)
        if delay_ms:
            self._note_due(home, state, delay_ms)
        return Started(run, sorted(field for field in inputs if field not in root.inputs))


def _no_graph(namespace: str, graph: str) -> NotFound:
    return NotFound(f"namespace {namespace!r} has no graph {graph!r}")


def _store(plan: GraphPlan, given: Mapping[str, str]) -> dict[str, str]:
    if errors := [error for key in given if (error := identifier_error("store key", key))]:
        raise BadRequest("; ".join(errors))
    values = {**plan.default_store, **given}
    missing = [key for key in plan.required_keys if key not in values]
    if missing:
        raise BadRequest(
            f"store: graph {plan.graph!r} needs {', '.join(repr(key) for key in missing)}; "
            "give it in the trigger's store or a default in store_config"
        )
    return values
