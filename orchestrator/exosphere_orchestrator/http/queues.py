"""Lists that tell how work stands: states of a run, queues, runtimes."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request

from exosphere_core import api
from exosphere_core.errors import BadRequest
from exosphere_core.keys import ShardKeys
from exosphere_core.names import IDENTIFIER_PATTERN, NAME_PATTERN, identifier_error, name_error
from exosphere_core.states import Status
from exosphere_core.store import catalog
from exosphere_core.store.decoding import StateRecord
from exosphere_core.store.queues import read_queues
from exosphere_core.store.state_pages import find_states
from exosphere_orchestrator.catalog import queue_pauses
from exosphere_orchestrator.catalog.runtimes import RuntimeRecord, read_runtimes, withdraw
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import checked, home_of, iso, services
from exosphere_orchestrator.http.routing import handles
from exosphere_orchestrator.http.runs import find_run

router = APIRouter(tags=["reads"], route_class=JsonRoute)

MOST_STATES: Final = 1000
MOST_QUEUES: Final = 200

_POSITION: Final = re.compile(api.POSITION_PATTERN)

#: A runtime reads or renews at least so often, in ms, however long the lease is.
_HEARD_MS: Final = 15_000


@handles(router, api.LIST_STATES)
async def list_states(
    request: Request,
    namespace: str,
    run_id: str,
    status: Annotated[list[Status] | None, Query(description=api.LIST_STATES.query["status"])] = None,
    identifier: Annotated[
        str | None,
        Query(
            description=api.LIST_STATES.query["identifier"],
            json_schema_extra={"pattern": f"^{IDENTIFIER_PATTERN}$"},
        ),
    ] = None,
    cursor: Annotated[
        str | None,
        Query(description=api.LIST_STATES.query["cursor"], json_schema_extra={"pattern": api.POSITION_PATTERN}),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_STATES, description=api.LIST_STATES.query["limit"])] = 100,
) -> api.StatesResponse:
    the = services(request)
    if identifier is not None and (error := identifier_error("identifier", identifier)):
        raise BadRequest(error)
    if cursor is not None and not _POSITION.fullmatch(cursor):
        raise BadRequest(f"cursor: {cursor[:60]!r} is none of this list")
    run = await find_run(the, namespace, run_id)
    page = await find_states(
        the.redis,
        home_of(namespace, run_id, "run"),
        run,
        int(cursor or 0),
        limit,
        frozenset(status or Status),
        identifier,
    )
    return api.StatesResponse(
        run_id=run_id,
        count=len(page.states),
        states=[_summary(state) for state in page.states],
        next_cursor=None if page.position is None else str(page.position),
    )


@handles(router, api.LIST_QUEUES)
async def list_queues(
    request: Request,
    namespace: str,
    cursor: Annotated[
        str | None,
        Query(description=api.LIST_QUEUES.query["cursor"], json_schema_extra={"pattern": f"^{NAME_PATTERN}$"}),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_QUEUES, description=api.LIST_QUEUES.query["limit"])] = 100,
) -> api.QueuesResponse:
    the = services(request)
    checked("namespace", namespace)
    if cursor is not None and name_error("cursor", cursor):
        raise BadRequest(f"cursor: {cursor[:60]!r} is none of this list")
    names = [name for name in await catalog.read_node_names(the.redis, namespace) if cursor is None or name > cursor]
    page = names[:limit]
    homes = [ShardKeys(namespace, shard) for shard in range(the.settings.shards)]
    found = await read_queues(the.redis, homes, page)
    paused = await queue_pauses.noted(the.redis, namespace)
    return api.QueuesResponse(
        namespace=namespace,
        count=len(found),
        queues=[
            api.QueueBody(
                node_name=queue.node,
                depth=queue.depth,
                running=queue.running,
                oldest_age_ms=queue.oldest_age_ms,
                paused=queue.node in paused,
                consumers=queue.consumers,
            )
            for queue in found
        ],
        next_cursor=page[-1] if len(names) > limit else None,
    )


@handles(router, api.LIST_RUNTIMES)
async def list_runtimes(
    request: Request,
    namespace: str,
    cursor: Annotated[str | None, Query(max_length=256, description=api.LIST_RUNTIMES.query["cursor"])] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_QUEUES, description=api.LIST_RUNTIMES.query["limit"])] = 100,
) -> api.RuntimesResponse:
    the = services(request)
    checked("namespace", namespace)
    everybody = await read_runtimes(the.redis, namespace, the.settings.shards)
    following = [runtime for runtime in everybody if cursor is None or runtime.id > cursor]
    page = following[:limit]
    within = max(_HEARD_MS, the.settings.lease_ms)
    return api.RuntimesResponse(
        namespace=namespace,
        count=len(page),
        runtimes=[_runtime(runtime, within) for runtime in page],
        next_cursor=page[-1].id if len(following) > limit else None,
    )


@handles(router, api.WITHDRAW_RUNTIME)
async def withdraw_runtime(request: Request, namespace: str, runtime_id: str) -> api.WithdrawnResponse:
    the = services(request)
    checked("namespace", namespace)
    if len(runtime_id) > api.LONGEST_INSTANCE:
        raise BadRequest(f"runtime_id has {len(runtime_id)} characters; the limit is {api.LONGEST_INSTANCE}")
    withdrawn = await withdraw(the.redis, namespace, the.settings.shards, runtime_id)
    return api.WithdrawnResponse(id=runtime_id, withdrawn=withdrawn)


def _runtime(runtime: RuntimeRecord, within_ms: int) -> api.RuntimeBody:
    known = runtime.registration
    return api.RuntimeBody(
        id=runtime.id,
        runtime_name=known.runtime_name if known else None,
        version=known.version if known else None,
        alive=runtime.idle_ms is not None and runtime.idle_ms <= within_ms,
        registered_at=iso(known.registered_at) if known else None,
        last_seen_ms=runtime.idle_ms,
        nodes=runtime.nodes,
        running=runtime.running,
    )


def _summary(state: StateRecord) -> api.StateSummary:
    return api.StateSummary(
        id=state.id,
        node_name=state.task.node,
        identifier=state.task.identifier,
        status=state.status,
        error=state.error,
        retry_count=state.task.retry_count,
        attempt=state.attempt,
        due_at=None if state.due_at is None else iso(state.due_at),
        retried_by=state.retried_by,
        created_at=iso(state.created_at),
        updated_at=iso(state.updated_at),
        worker=state.worker,
        ran_ms=state.ran_ms,
    )
