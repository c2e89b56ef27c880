"""Graphs: upsert, read, delete."""

from typing import Annotated, get_args

from fastapi import APIRouter, Query, Request

from exosphere_core import api
from exosphere_core.errors import Forbidden
from exosphere_orchestrator.access.callers import Caller
from exosphere_orchestrator.catalog import deletion, graphs
from exosphere_orchestrator.catalog.graphs import Graph
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import checked, iso, services
from exosphere_orchestrator.http.guard import caller_of
from exosphere_orchestrator.http.routing import handles

router = APIRouter(tags=["graphs"], route_class=JsonRoute)

#: The most versions that one call lists.
MOST_VERSIONS = 100

_STATUSES: dict[str, api.ValidationStatus] = {status: status for status in get_args(api.ValidationStatus)}


@handles(router, api.UPSERT_GRAPH)
async def upsert_graph(
    request: Request, namespace: str, graph_name: str, body: api.UpsertGraphRequest
) -> api.GraphResponse:
    the = services(request)
    _check_reach(caller_of(request), body)
    graph = await graphs.upsert(
        the.redis,
        the.vault,
        checked("namespace", namespace),
        checked("graph name", graph_name),
        body.model_dump(exclude={"secrets"}),
        body.secrets,
        the.settings.max_nodes,
        the.engine.context.limits,
    )
    the.engine.serve(namespace)
    return graph_response(namespace, graph)


@handles(router, api.VALIDATE_GRAPH)
async def validate_graph(
    request: Request, namespace: str, graph_name: str, body: api.UpsertGraphRequest
) -> api.ValidateGraphResponse:
    the = services(request)
    _check_reach(caller_of(request), body)
    checked("namespace", namespace)
    checked("graph name", graph_name)
    errors = await graphs.validate(
        the.redis, body.model_dump(exclude={"secrets"}), body.secrets, the.settings.max_nodes, the.engine.context.limits
    )
    return api.ValidateGraphResponse(valid=not errors, errors=errors)


@handles(router, api.GET_GRAPH)
async def get_graph(request: Request, namespace: str, graph_name: str) -> api.GraphResponse:
    checked("namespace", namespace)
    return graph_response(
        namespace, await graphs.get(services(request).redis, namespace, checked("graph name", graph_name))
    )


@handles(router, api.DELETE_GRAPH)
async def delete_graph(
    request: Request,
    namespace: str,
    graph_name: str,
    force: Annotated[bool, Query(description=api.DELETE_GRAPH.query["force"])] = False,
) -> api.DeleteGraphResponse:
    the = services(request)
    checked("namespace", namespace)
    deleted = await deletion.delete(
        the.redis, namespace, checked("graph name", graph_name), the.settings.shards, force=force
    )
    return api.DeleteGraphResponse(
        namespace=namespace, graph_name=graph_name, cancelled_runs=deleted.cancelled, pending_runs=deleted.pending
    )


@handles(router, api.LIST_GRAPHS)
async def list_graphs(request: Request, namespace: str) -> api.GraphsResponse:
    found = await graphs.get_all(services(request).redis, checked("namespace", namespace))
    return api.GraphsResponse(
        namespace=namespace, count=len(found), templates=[graph_response(namespace, graph) for graph in found]
    )


@handles(router, api.LIST_VERSIONS)
async def list_versions(
    request: Request,
    namespace: str,
    graph_name: str,
    before: Annotated[int | None, Query(ge=1, description=api.LIST_VERSIONS.query["before"])] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_VERSIONS, description=api.LIST_VERSIONS.query["limit"])] = 20,
) -> api.GraphVersionsResponse:
    checked("namespace", namespace)
    redis = services(request).redis
    newest, found = await graphs.list_versions(redis, namespace, checked("graph name", graph_name), before, limit)
    versions = [
        api.GraphVersionSummary(
            version=item.version,
            created_at=iso(item.created_at),
            newest=item.version == newest,
            node_count=item.node_count,
        )
        for item in found
    ]
    return api.GraphVersionsResponse(namespace=namespace, graph_name=graph_name, versions=versions)


@handles(router, api.GET_VERSION)
async def get_version(request: Request, namespace: str, graph_name: str, version: int) -> api.GraphResponse:
    checked("namespace", namespace)
    redis = services(request).redis
    graph = await graphs.get_version(redis, namespace, checked("graph name", graph_name), version)
    return graph_response(namespace, graph)


def _check_reach(caller: Caller, body: api.UpsertGraphRequest) -> None:
    """Refuse a graph that would put the runtimes of other namespaces to work than the caller's key is good for."""
    for node in body.nodes:
        namespace = node.get("namespace")
        if isinstance(namespace, str) and not caller.covers(namespace.strip()):
            raise Forbidden(
                f"node {str(node.get('identifier'))[:60]!r} is of namespace {namespace.strip()[:60]!r}; "
                f"this API key is for namespace {caller.namespace!r}"
            )


def graph_response(namespace: str, graph: Graph) -> api.GraphResponse:
    """Return a graph as calls answer it."""
    head, template = graph.head, graph.template
    return api.GraphResponse(
        name=head.name,
        namespace=namespace,
        version=head.version,
        nodes=[api.GraphNodeBody.model_validate(node.model_dump()) for node in template.nodes],
        secrets=dict.fromkeys(graph.secrets, True),
        retry_policy=template.retry_policy,
        store_config=template.store_config,
        triggers=template.triggers,
        created_at=iso(head.created_at),
        updated_at=iso(head.updated_at),
        validation_status=_STATUSES[head.validation_status],
        validation_errors=head.validation_errors,
        paused=head.paused_at is not None,
        paused_at=None if head.paused_at is None else iso(head.paused_at),
    )
