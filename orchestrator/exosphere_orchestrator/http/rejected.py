"""What nobody could apply."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from exosphere_core import api
from exosphere_core.errors import BadRequest
from exosphere_core.keys import ShardKeys
from exosphere_core.store.rejected import Place, Rejected, count_rejected, read_rejected
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import checked, iso, services
from exosphere_orchestrator.http.routing import handles

router = APIRouter(tags=["operation"], route_class=JsonRoute)

#: The most entries that one call lists.
MOST_REJECTED = 200


@handles(router, api.LIST_REJECTED)
async def list_rejected(
    request: Request,
    namespace: str,
    before: Annotated[
        str | None,
        Query(description=api.LIST_REJECTED.query["before"], json_schema_extra={"pattern": api.PLACE_PATTERN}),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_REJECTED, description=api.LIST_REJECTED.query["limit"])] = 50,
) -> api.RejectedResponse:
    the = services(request)
    checked("namespace", namespace)
    try:
        place = None if before is None else Place.read(before)
    except ValueError:
        raise BadRequest(f"before: {before!r} is no id of this list") from None
    homes = [ShardKeys(namespace, shard) for shard in range(the.settings.shards)]
    found = await read_rejected(the.redis, homes, place, limit)
    return api.RejectedResponse(
        namespace=namespace, total=await count_rejected(the.redis, homes), rejected=[_entry(each) for each in found]
    )


def _entry(found: Rejected) -> api.RejectedEntry:
    return api.RejectedEntry(
        id=str(found.place),
        time=iso(found.place.moment),
        entry=found.entry,
        reason=found.reason,
        fields=dict(found.fields),
    )
