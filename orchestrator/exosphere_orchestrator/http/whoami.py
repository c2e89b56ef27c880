"""Tells a caller what its key is good for."""

from fastapi import APIRouter, Request

from exosphere_core import api
from exosphere_core.store import catalog
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import iso, services
from exosphere_orchestrator.http.guard import caller_of
from exosphere_orchestrator.http.routing import handles

router = APIRouter(tags=["access"], route_class=JsonRoute)


@handles(router, api.WHOAMI)
async def whoami(request: Request) -> api.WhoAmIResponse:
    caller = caller_of(request)
    now = await catalog.now_ms(services(request).redis)
    return api.WhoAmIResponse(key_id=caller.key_id, role=caller.role, namespace=caller.namespace, time=iso(now))
