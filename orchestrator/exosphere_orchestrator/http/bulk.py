"""Retrying what failed in many runs."""

import re
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request

from exosphere_core import api
from exosphere_core.errors import BadRequest, NotFound
from exosphere_core.store import bulks, catalog
from exosphere_core.store.bulks import Wanted
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import Services, checked, iso, services, unix_ms
from exosphere_orchestrator.http.routing import handles
from exosphere_orchestrator.steering import bulk

router = APIRouter(tags=["steering"], route_class=JsonRoute)

MOST_RESULTS: Final = 1000
_ID: Final = re.compile(r"[0-9a-f]{32}")
_POSITION: Final = re.compile(api.POSITION_PATTERN)


@handles(router, api.RETRY_RUNS)
async def retry_runs(request: Request, namespace: str, body: api.RetryRunsRequest) -> api.BulkRetryResponse:
    the = services(request)
    checked("namespace", namespace)
    if body.graph_name is not None:
        checked("graph_name", body.graph_name)
    first, last = _ms(body.created_after, 0), await catalog.now_ms(the.redis)
    wanted = Wanted(body.graph_name, body.status, first, min(last, _ms(body.created_before, last)))
    begun = await bulk.begin(the.redis, namespace, wanted)
    return await _answer(the, namespace, begun, 0, 0)


@handles(router, api.GET_BULK_RETRY)
async def get_bulk_retry(
    request: Request,
    namespace: str,
    bulk_id: str,
    cursor: Annotated[
        str | None,
        Query(description=api.GET_BULK_RETRY.query["cursor"], json_schema_extra={"pattern": api.POSITION_PATTERN}),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_RESULTS, description=api.GET_BULK_RETRY.query["limit"])] = 100,
) -> api.BulkRetryResponse:
    checked("namespace", namespace)
    if cursor is not None and not _POSITION.fullmatch(cursor):
        raise BadRequest(f"cursor: {cursor[:60]!r} is none of this list")
    return await _answer(services(request), namespace, bulk_id, int(cursor or 0), limit)


async def _answer(the: Services, namespace: str, bulk_id: str, position: int, limit: int) -> api.BulkRetryResponse:
    found = await bulks.read_bulk(the.redis, namespace, bulk_id) if _ID.fullmatch(bulk_id) else None
    if found is None:
        raise NotFound(f"namespace {namespace!r} has no bulk retry {bulk_id[:60]!r}")
    page = await bulks.read_results(the.redis, namespace, bulk_id, position, limit + 1) if limit else []
    return api.BulkRetryResponse(
        id=bulk_id,
        status="PENDING" if found.finished_at is None else "FINISHED",
        looked_at_count=found.looked_at,
        retried_count=found.retried,
        refused_count=found.refused,
        created_at=iso(found.created_at),
        finished_at=None if found.finished_at is None else iso(found.finished_at),
        count=len(page[:limit]),
        runs=[
            api.RunRetries(run_id=result.run, retried_count=result.retried, refused=result.refused)
            for result in page[:limit]
        ],
        next_cursor=str(position + limit) if len(page) > limit else None,
    )


def _ms(moment: datetime | None, otherwise: int) -> int:
    return otherwise if moment is None else unix_ms(moment)
