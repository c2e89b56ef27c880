"""Reports that runtimes hand over while Redis refuses theirs for want of memory."""

from fastapi import APIRouter, Request

from exosphere_core import api
from exosphere_core.errors import BadRequest
from exosphere_core.keys import ShardKeys
from exosphere_core.store.handovers import HandOver, hand_over
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import checked, services
from exosphere_orchestrator.http.routing import handles

router = APIRouter(tags=["reports"], route_class=JsonRoute)


@handles(router, api.HAND_OVER_REPORTS)
async def hand_over_reports(request: Request, namespace: str, body: api.HandOverRequest) -> api.HandOverResponse:
    the = services(request)
    checked("namespace", namespace)
    reports = []
    for place, report in enumerate(body.reports):
        checked(f"reports.{place}.node", report.node)
        if report.shard >= the.settings.shards:
            raise BadRequest(
                f"reports.{place}.shard is {report.shard}; namespaces have {the.settings.shards} here (EXOSPHERE_SHARDS)"
            )
        queue = ShardKeys(namespace, report.shard)
        reports.append(
            HandOver(
                queue,
                queue.ready(report.node),
                report.entry,
                report.kind,
                report.home,
                report.state,
                report.attempt,
                report.body.encode(),
                report.by,
                report.ran,
            )
        )
    await hand_over(the.redis, reports)
    return api.HandOverResponse(taken=len(reports))
