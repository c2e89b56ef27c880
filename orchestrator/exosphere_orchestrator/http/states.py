"""States: details, secrets, store values."""

import msgspec
from fastapi import APIRouter, Request

from exosphere_core import api
from exosphere_core.errors import BadRequest, NotFound
from exosphere_core.ids import shard_of
from exosphere_core.keys import ShardKeys
from exosphere_core.names import identifier_error
from exosphere_core.states import Status
from exosphere_core.store import catalog, reads
from exosphere_core.store.corrupt import reading
from exosphere_core.store.reads import StateRecord
from exosphere_orchestrator.catalog import graphs
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import Services, checked, home_of, iso, services
from exosphere_orchestrator.http.routing import handles
from exosphere_orchestrator.http.runs import find_run
from exosphere_orchestrator.http.whereabouts import find_task

router = APIRouter(tags=["states"], route_class=JsonRoute)


@handles(router, api.GET_STATE)
async def get_state(request: Request, namespace: str, graph_name: str, run_id: str, state_id: str) -> api.StateResponse:
    the = services(request)
    checked("graph name", graph_name)
    state = await _find(the, home_of(namespace, state_id, "state"), namespace, state_id)
    if state.task.run != run_id or state.task.graph != graph_name:
        raise NotFound(f"run {run_id[:60]!r} of graph {graph_name!r} has no state {state_id[:60]!r}")
    with reading(home_of(namespace, state_id, "state").state(state_id)):
        data = msgspec.json.decode(state.data) if state.data else None
    return api.StateResponse(
        id=state.id,
        node_name=state.task.node,
        identifier=state.task.identifier,
        graph_name=state.task.graph,
        run_id=state.task.run,
        status=state.status,
        inputs=state.inputs,
        outputs=state.outputs,
        error=state.error,
        data=data,
        parents=state.task.parents,
        retry_count=state.task.retry_count,
        attempt=state.attempt,
        due_at=None if state.due_at is None else iso(state.due_at),
        retried_by=state.retried_by,
        created_at=iso(state.created_at),
        updated_at=iso(state.updated_at),
        worker=state.worker,
        ran_ms=state.ran_ms,
    )


@handles(router, api.GET_SECRETS)
async def get_secrets(request: Request, namespace: str, state_id: str) -> api.SecretsResponse:
    the = services(request)
    # A runtime asks in the namespace of its node, which may not be that of the run.
    checked("namespace", namespace)
    state = await _running_state(the, namespace, state_id)
    task = state.task
    node = (await catalog.read_nodes(the.redis, task.namespace, [task.node])).get(task.node)
    names = node.secrets if node else ()
    values = await graphs.secrets_of(the.redis, the.vault, task.home, task.graph, task.version, names)
    return api.SecretsResponse(secrets=values)


@handles(router, api.GET_STORE_VALUE)
async def get_store_value(request: Request, namespace: str, run_id: str, key: str) -> api.StoreValueResponse:
    the = services(request)
    if error := identifier_error("store key", key):
        raise BadRequest(error)
    await find_run(the, namespace, run_id)
    value = await reads.read_store_value(the.redis, home_of(namespace, run_id, "run"), run_id, key)
    return api.StoreValueResponse(key=key, value=value)


@handles(router, api.GET_STATE_STORE_VALUE)
async def get_state_store_value(request: Request, namespace: str, state_id: str, key: str) -> api.StoreValueResponse:
    the = services(request)
    if error := identifier_error("store key", key):
        raise BadRequest(error)
    home, task = await find_task(the, namespace, state_id)
    return api.StoreValueResponse(key=key, value=await reads.read_store_value(the.redis, home, task.run, key))


async def _find(the: Services, home: ShardKeys, namespace: str, state_id: str) -> StateRecord:
    for state in await reads.read_states(the.redis, home, [state_id]):
        return state
    raise NotFound(f"namespace {namespace!r} has no state {state_id[:60]!r}")


async def _running_state(the: Services, namespace: str, state_id: str) -> StateRecord:
    """A state of a node of this namespace that a runtime runs now. Raises NotFound, BadRequest."""
    shard = shard_of(state_id)
    if shard is not None:
        others = [name for name in await catalog.read_namespaces(the.redis) if name != namespace]
        for home in (namespace, *others):
            for state in await reads.read_states(the.redis, ShardKeys(home, shard), [state_id]):
                if state.task.namespace == namespace:
                    if state.status is not Status.QUEUED:
                        raise BadRequest(f"state {state_id} is {state.status}; secrets are given only while it runs")
                    return state
    raise NotFound(f"namespace {namespace!r} has no state {state_id[:60]!r}")
