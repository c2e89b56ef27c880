"""Schedules: list, pause, resume, run now, and what came of their firings."""

from fastapi import APIRouter, Request

from exosphere_core import api
from exosphere_core.store.schedules import Firing
from exosphere_orchestrator.catalog import schedules
from exosphere_orchestrator.catalog.schedules import Schedule
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import checked, iso, services
from exosphere_orchestrator.http.routing import handles

router = APIRouter(tags=["schedules"], route_class=JsonRoute)


@handles(router, api.LIST_SCHEDULES)
async def list_schedules(request: Request, namespace: str) -> api.SchedulesResponse:
    found = await schedules.get_all(services(request).redis, checked("namespace", namespace))
    return api.SchedulesResponse(
        namespace=namespace, count=len(found), schedules=[_schedule(schedule) for schedule in found]
    )


@handles(router, api.LIST_FIRINGS)
async def list_firings(request: Request, namespace: str, graph_name: str) -> api.FiringsResponse:
    found = await schedules.firings(services(request).redis, *_graph(namespace, graph_name))
    return api.FiringsResponse(
        namespace=namespace, graph_name=graph_name, count=len(found), firings=[_firing(firing) for firing in found]
    )


@handles(router, api.PAUSE_SCHEDULE)
async def pause_schedule(request: Request, namespace: str, graph_name: str, index: int) -> api.ScheduleBody:
    return _schedule(await schedules.pause(services(request).redis, *_graph(namespace, graph_name), index))


@handles(router, api.RESUME_SCHEDULE)
async def resume_schedule(request: Request, namespace: str, graph_name: str, index: int) -> api.ScheduleBody:
    return _schedule(await schedules.resume(services(request).redis, *_graph(namespace, graph_name), index))


@handles(router, api.RUN_SCHEDULE)
async def run_schedule(request: Request, namespace: str, graph_name: str, index: int) -> api.FiringBody:
    the = services(request)
    return _firing(await schedules.run_now(the.redis, the.runs, *_graph(namespace, graph_name), index))


def _graph(namespace: str, graph_name: str) -> tuple[str, str]:
    return checked("namespace", namespace), checked("graph name", graph_name)


def _schedule(schedule: Schedule) -> api.ScheduleBody:
    cron, record = schedule.cron, schedule.record
    return api.ScheduleBody(
        graph_name=schedule.graph,
        index=schedule.place,
        expression=cron.expression,
        timezone=cron.timezone,
        catchup=cron.catchup,
        next_due=_time(record.next_due),
        paused=record.paused_at is not None,
        paused_at=_time(record.paused_at),
        last_firing=_firing(record.last) if record.last else None,
    )


def _firing(firing: Firing) -> api.FiringBody:
    return api.FiringBody(
        index=firing.index,
        due_at=_time(firing.due_at),
        since=_time(firing.since),
        fired_at=iso(firing.fired_at),
        run_id=firing.run_id,
        error=firing.error,
        skipped=firing.skipped,
        manual=firing.manual,
    )


def _time(unix_ms: int | None) -> str | None:
    return None if unix_ms is None else iso(unix_ms)
