"""Figures of a namespace over the last hour."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request

from exosphere_core import api
from exosphere_core.store import catalog
from exosphere_core.store.figures import read_figures
from exosphere_orchestrator.figures import Ended, began_at, by_node, minute_of, totals
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import checked, iso, services
from exosphere_orchestrator.http.routing import handles

router = APIRouter(tags=["reads"], route_class=JsonRoute)

MOST_MINUTES: Final = 60


@handles(router, api.GET_FIGURES)
async def get_figures(
    request: Request,
    namespace: str,
    minutes: Annotated[int, Query(ge=1, le=MOST_MINUTES, description=api.GET_FIGURES.query["minutes"])] = MOST_MINUTES,
) -> api.FiguresResponse:
    redis = services(request).redis
    checked("namespace", namespace)
    now = await catalog.now_ms(redis)
    last = minute_of(now)
    asked = range(last - minutes + 1, last + 1)
    found = await read_figures(redis, namespace, asked)
    return api.FiguresResponse(
        namespace=namespace,
        now=iso(now),
        minutes=[
            api.MinuteFigures(
                at=iso(began_at(minute)), **{str(ended): count for ended, count in totals(fields).items()}
            )
            for minute, fields in zip(asked, found, strict=True)
        ],
        nodes=[
            api.NodeFigures(
                node_name=node.node,
                succeeded=node.ended.get(Ended.SUCCEEDED, 0),
                errored=node.ended.get(Ended.ERRORED, 0),
                retried=node.ended.get(Ended.RETRIED, 0),
                pruned=node.ended.get(Ended.PRUNED, 0),
                ran_p50_ms=node.p50_ms,
                ran_p95_ms=node.p95_ms,
            )
            for node in by_node(found)
        ],
    )
