"""Health, namespaces, and the registration of nodes."""

import logging

from fastapi import APIRouter, Request

from exosphere_core import api
from exosphere_core.errors import BadRequest, Unavailable
from exosphere_core.roles import Role
from exosphere_core.store import catalog
from exosphere_core.store.faults import LOST
from exosphere_core.store.server_settings import findings, read_settings
from exosphere_orchestrator.admission.intake import new_safety
from exosphere_orchestrator.admission.sizes import registration_errors
from exosphere_orchestrator.catalog import graphs, nodes, runtimes
from exosphere_orchestrator.grants import RuntimeUser, grant
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import checked, iso, services
from exosphere_orchestrator.http.guard import caller_of, demand, note_thing
from exosphere_orchestrator.http.logs import limits_of
from exosphere_orchestrator.http.routing import handles

logger = logging.getLogger("exosphere.http")

router = APIRouter(tags=["nodes"], route_class=JsonRoute)


@handles(router, api.HEALTH)
async def health() -> api.Message:
    return api.Message(message="OK")


@handles(router, api.READY)
async def ready(request: Request) -> api.ReadyResponse:
    the = services(request)
    try:
        servers, away = await read_settings(the.redis)
    except LOST:
        raise Unavailable("Redis can't be reached") from None
    found = findings(servers, new_safety(the.settings), away)
    return api.ReadyResponse(
        message="OK",
        warnings=found.warnings,
        notes=found.notes,
        replicas=min(server.replicas for server in servers),
        min_replicas_to_write=servers[0].min_replicas,
        refuses_triggers=the.engine.context.intake.budget.refusal or None,
    )


@handles(router, api.LIST_NAMESPACES)
async def list_namespaces(request: Request) -> api.NamespacesResponse:
    caller = caller_of(request)
    known = await catalog.read_namespaces(services(request).redis)
    names = [name for name in known if caller.covers(name)]
    return api.NamespacesResponse(namespaces=names, count=len(names))


@handles(router, api.REGISTER_NODES)
async def register_nodes(request: Request, namespace: str, body: api.RegisterNodesRequest) -> api.RegisterNodesResponse:
    the = services(request)
    checked("namespace", namespace)
    settings = the.settings
    note_thing(request, runtime_name=body.runtime_name)
    if body.delivery == "streams":
        demand(request, Role.RUNTIME, "delivery over streams")
        _check_protocol(namespace, body)
    if errors := list(registration_errors(body.nodes, settings.max_nodes, settings.max_fields)):
        raise BadRequest("; ".join(errors))
    await nodes.register(the.redis, namespace, body.runtime_name, body.nodes, settings.shards)
    if body.instance:
        await runtimes.register(
            the.redis, namespace, body.instance, body.runtime_name, [node.name for node in body.nodes], body.version
        )
    the.engine.serve(namespace)
    await graphs.judge_again(the.redis, namespace)
    delivery = None
    if body.delivery == "streams":
        url = settings.worker_redis_url or settings.redis_url
        user = RuntimeUser(namespace, caller_of(request).key_id)
        secret = settings.encryption_key.get_secret_value()
        delivery = api.Delivery(
            redis_url=await grant(the.redis, url.get_secret_value(), secret, user, the.redis_version),
            shards=settings.shards,
            lease_ms=settings.lease_ms,
            protocol=api.STREAM_PROTOCOL,
            max_report_bytes=settings.max_report_bytes,
            logs=limits_of(settings),
        )
    return api.RegisterNodesResponse(runtime_name=body.runtime_name, registered_nodes=body.nodes, delivery=delivery)


def _check_protocol(namespace: str, body: api.RegisterNodesRequest) -> None:
    """Refuse a runtime that reads and writes other entries. One that does not tell looks by itself at what it is told."""
    if body.protocol in (None, api.STREAM_PROTOCOL):
        return
    detail = (
        f"this state manager speaks stream protocol {api.STREAM_PROTOCOL}, the runtime {body.protocol}: "
        "install the same version of exosphere-redis on both"
    )
    logger.warning("runtime %r of namespace %s is refused: %s", body.runtime_name, namespace, detail)
    raise BadRequest(detail)


@handles(router, api.LIST_NODES)
async def list_nodes(request: Request, namespace: str) -> api.NodesResponse:
    found = await catalog.read_nodes(services(request).redis, checked("namespace", namespace))
    registered = [
        api.RegisteredNode(
            name=node.name,
            inputs_schema=node.inputs_schema,
            outputs_schema=node.outputs_schema,
            secrets=list(node.secrets),
            runtime_name=node.runtime_name,
            created_at=iso(node.created_at),
            updated_at=iso(node.updated_at),
        )
        for node in found.values()
    ]
    return api.NodesResponse(namespace=namespace, count=len(registered), nodes=registered)
