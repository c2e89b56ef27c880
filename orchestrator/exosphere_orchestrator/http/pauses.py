"""Graphs and queues: pause, resume."""

from fastapi import APIRouter, Request

from exosphere_core import api
from exosphere_orchestrator.catalog import graph_pauses, queue_pauses
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import checked, iso, services
from exosphere_orchestrator.http.graphs import graph_response
from exosphere_orchestrator.http.routing import handles

router = APIRouter(tags=["pauses"], route_class=JsonRoute)


@handles(router, api.PAUSE_GRAPH)
async def pause_graph(request: Request, namespace: str, graph_name: str) -> api.GraphResponse:
    checked("namespace", namespace)
    redis = services(request).redis
    return graph_response(namespace, await graph_pauses.pause(redis, namespace, checked("graph name", graph_name)))


@handles(router, api.RESUME_GRAPH)
async def resume_graph(request: Request, namespace: str, graph_name: str) -> api.GraphResponse:
    checked("namespace", namespace)
    redis = services(request).redis
    return graph_response(namespace, await graph_pauses.resume(redis, namespace, checked("graph name", graph_name)))


@handles(router, api.PAUSE_QUEUE)
async def pause_queue(request: Request, namespace: str, node_name: str) -> api.PausedQueueBody:
    the = services(request)
    checked("namespace", namespace)
    since = await queue_pauses.pause(the.redis, namespace, checked("node name", node_name), the.settings.shards)
    return api.PausedQueueBody(namespace=namespace, node_name=node_name, paused=True, paused_at=iso(since))


@handles(router, api.RESUME_QUEUE)
async def resume_queue(request: Request, namespace: str, node_name: str) -> api.PausedQueueBody:
    the = services(request)
    checked("namespace", namespace)
    await queue_pauses.resume(the.redis, namespace, checked("node name", node_name), the.settings.shards)
    return api.PausedQueueBody(namespace=namespace, node_name=node_name, paused=False)
