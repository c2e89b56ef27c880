"""Runtimes over plain HTTP: clients that take states and report them with nothing but these calls."""

from fastapi import APIRouter, Request

from exosphere_core import api
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import checked, iso, services
from exosphere_orchestrator.http.routing import handles
from exosphere_orchestrator.polling.reporting import Reporting
from exosphere_orchestrator.polling.taking import Taken, take

router = APIRouter(tags=["runtimes over HTTP"], route_class=JsonRoute)


@handles(router, api.ENQUEUE_STATES)
async def enqueue_states(request: Request, namespace: str, body: api.EnqueueRequest) -> api.EnqueueResponse:
    the = services(request)
    checked("namespace", namespace)
    for place, node in enumerate(body.nodes):
        checked(f"nodes.{place}", node)
    most = min(body.batch_size, api.MOST_ENQUEUED)
    taken = await take(the.engine.context, namespace, body.nodes, the.settings.shards, most)
    return api.EnqueueResponse(
        count=len(taken),
        namespace=namespace,
        status="QUEUED",
        states=[_told(each) for each in taken],
        lease_ms=the.settings.http_lease_ms,
    )


@handles(router, api.STATE_EXECUTED)
async def state_executed(
    request: Request, namespace: str, state_id: str, body: api.ExecutedRequest
) -> api.ExecutedResponse:
    await _reporting(request, namespace).executed(state_id, body.attempt, body.outputs)
    return api.ExecutedResponse(status="EXECUTED")


@handles(router, api.STATE_ERRORED)
async def state_errored(
    request: Request, namespace: str, state_id: str, body: api.ErroredRequest
) -> api.ErroredResponse:
    retried = await _reporting(request, namespace).errored(state_id, body.attempt, body.error)
    return api.ErroredResponse(status="ERRORED", retry_created=retried)


@handles(router, api.PRUNE_STATE)
async def prune_state(request: Request, namespace: str, state_id: str, body: api.PruneRequest) -> api.PruneResponse:
    ready_since = await _reporting(request, namespace).pruned(state_id, body.attempt, body.data)
    return api.PruneResponse(status="PRUNED", enqueue_after=ready_since)


@handles(router, api.RE_ENQUEUE_STATE)
async def re_enqueue_state(
    request: Request, namespace: str, state_id: str, body: api.ReEnqueueAfterRequest
) -> api.ReEnqueueAfterResponse:
    due_at = await _reporting(request, namespace).requeued(state_id, body.attempt, body.enqueue_after)
    return api.ReEnqueueAfterResponse(status="CREATED", enqueue_after=due_at)


def _reporting(request: Request, namespace: str) -> Reporting:
    return Reporting(services(request).engine.context, checked("namespace", namespace))


def _told(taken: Taken) -> api.EnqueuedState:
    task = taken.task
    return api.EnqueuedState(
        state_id=taken.state,
        node_name=task.node,
        identifier=task.identifier,
        inputs=taken.inputs,
        created_at=iso(taken.created_at),
        attempt=int(taken.attempt),
        run_id=task.run,
        graph_name=task.graph,
        retry_count=task.retry_count,
        idempotency_key=task.chain or taken.state,
        timeout_ms=task.timeout_ms,
        traceparent=task.trace or None,
    )
