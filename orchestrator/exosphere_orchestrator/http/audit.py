"""The audit log."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request

from exosphere_core import api
from exosphere_core.errors import BadRequest
from exosphere_core.roles import EVERY_NAMESPACE
from exosphere_core.store.audit import Recorded, read
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import checked, iso, services
from exosphere_orchestrator.http.routing import handles

router = APIRouter(tags=["access"], route_class=JsonRoute)

#: The most entries that one call lists.
_MOST: Final = 200

_ENTRY_ID = re.compile(r"\d{1,18}-\d{1,18}")

_Before = Annotated[str | None, Query(description=api.LIST_AUDIT.query["before"])]
_Limit = Annotated[int, Query(ge=1, le=_MOST, description=api.LIST_AUDIT.query["limit"])]


@handles(router, api.LIST_AUDIT)
async def list_audit(request: Request, namespace: str, before: _Before = None, limit: _Limit = 50) -> api.AuditResponse:
    return await _page(request, checked("namespace", namespace), before, limit)


@handles(router, api.LIST_GLOBAL_AUDIT)
async def list_global_audit(request: Request, before: _Before = None, limit: _Limit = 50) -> api.AuditResponse:
    return await _page(request, EVERY_NAMESPACE, before, limit)


async def _page(request: Request, log: str, before: str | None, limit: int) -> api.AuditResponse:
    the = services(request)
    if before is not None and not _ENTRY_ID.fullmatch(before):
        raise BadRequest(f"before: {before[:60]!r} is no id of this list")
    # Whoever asks finds what this process answered before.
    await the.audit.written()
    found = await read(the.redis, log, before, limit)
    return api.AuditResponse(namespace=log, entries=[_entry(each) for each in found])


def _entry(recorded: Recorded) -> api.AuditEntry:
    told = recorded.happened
    return api.AuditEntry(
        id=recorded.id,
        time=iso(recorded.time),
        key_id=told.key_id,
        call=told.call,
        namespace=told.namespace,
        things=told.things,
        address=told.address,
        status=told.status,
        request_id=told.request_id,
        left_out=told.left_out,
    )
