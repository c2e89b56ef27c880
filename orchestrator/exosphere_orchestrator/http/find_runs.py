"""Finding runs by graph, status and time."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request

from exosphere_core import api
from exosphere_core.api.bulk import Moment
from exosphere_core.errors import BadRequest
from exosphere_core.keys import ShardKeys
from exosphere_core.names import NAME_PATTERN
from exosphere_core.states import RunStatus
from exosphere_core.store import run_search
from exosphere_core.store.run_search import Place, Wanted
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import checked, iso, services, unix_ms
from exosphere_orchestrator.http.routing import handles
from exosphere_orchestrator.http.runs import run_summary

router = APIRouter(tags=["runs"], route_class=JsonRoute)

_CURSOR: Final = re.compile(api.RUN_CURSOR_PATTERN)


@handles(router, api.FIND_RUNS)
async def find_runs(
    request: Request,
    namespace: str,
    graph_name: Annotated[
        str | None,
        Query(description=api.FIND_RUNS.query["graph_name"], json_schema_extra={"pattern": f"^{NAME_PATTERN}$"}),
    ] = None,
    status: Annotated[list[RunStatus] | None, Query(description=api.FIND_RUNS.query["status"])] = None,
    created_after: Annotated[Moment | None, Query(description=api.FIND_RUNS.query["created_after"])] = None,
    created_before: Annotated[Moment | None, Query(description=api.FIND_RUNS.query["created_before"])] = None,
    cursor: Annotated[
        str | None,
        Query(description=api.FIND_RUNS.query["cursor"], json_schema_extra={"pattern": api.RUN_CURSOR_PATTERN}),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=api.LARGEST_SIZE, description=api.FIND_RUNS.query["limit"])] = 100,
) -> api.FoundRunsResponse:
    the = services(request)
    checked("namespace", namespace)
    if graph_name is not None:
        checked("graph_name", graph_name)
    wanted = Wanted(
        graph_name,
        frozenset(status or RunStatus),
        0 if created_after is None else unix_ms(created_after),
        None if created_before is None else unix_ms(created_before),
    )
    homes = [ShardKeys(namespace, shard) for shard in range(the.settings.shards)]
    found = await run_search.find_runs(the.redis, homes, wanted, _place(cursor), limit)
    return api.FoundRunsResponse(
        namespace=namespace,
        count=len(found.runs),
        runs=[run_summary(run) for run in found.runs],
        next_cursor=None if found.whole or found.reached is None else _spelled(found.reached),
        looked_at_count=found.looked_at,
        reached_at=None if found.reached is None else iso(found.reached.moment),
    )


def _spelled(place: Place) -> str:
    return f"{place.moment}_{place.run}"


def _place(cursor: str | None) -> Place | None:
    """Raises BadRequest."""
    if cursor is None:
        return None
    if not _CURSOR.fullmatch(cursor):
        raise BadRequest(f"cursor: {cursor[:60]!r} is none of this list")
    moment, _, run = cursor.partition("_")
    return Place(int(moment), run)
