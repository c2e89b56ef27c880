"""Puts the HTTP application together."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import ceil

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from exosphere_core.ending import end
from exosphere_core.errors import CorruptRecord, ExosphereError, InvalidGraph, Overloaded
from exosphere_core.store.connection import check_server
from exosphere_core.store.corrupt import is_wrong_type
from exosphere_core.store.faults import LOST, ResponseError, inability
from exosphere_core.version import VERSION
from exosphere_orchestrator.access.audit import AuditLog
from exosphere_orchestrator.access.callers import KeyRing
from exosphere_orchestrator.access.rate import RequestRate
from exosphere_orchestrator.engine.engine import Engine
from exosphere_orchestrator.http import (
    audit,
    bulk,
    events,
    figures,
    find_runs,
    graphs,
    http_runtimes,
    keys,
    live_logs,
    logs,
    metrics,
    namespace_events,
    nodes,
    once,
    pauses,
    queues,
    rejected,
    reports,
    runs,
    schedules,
    settings_in_force,
    states,
    steering,
    triggers,
    whoami,
)
from exosphere_orchestrator.http.browsers import add_browser_rules
from exosphere_orchestrator.http.call_metrics import CallMetrics
from exosphere_orchestrator.http.context import Services
from exosphere_orchestrator.http.dashboard import dashboard_routes
from exosphere_orchestrator.http.description import DescribedApi
from exosphere_orchestrator.http.gate import Gate
from exosphere_orchestrator.http.line_rate import LineRate
from exosphere_orchestrator.http.namespace_feeds import NamespaceFeeds
from exosphere_orchestrator.http.routing import methods_of
from exosphere_orchestrator.http.run_ends import RunEnds
from exosphere_orchestrator.http.slow_bodies import SlowBodies
from exosphere_orchestrator.http.watchers import Watchers
from exosphere_orchestrator.many_runs import ManyRunsStarter
from exosphere_orchestrator.runs import RunStarter
from exosphere_orchestrator.settings import Settings
from exosphere_orchestrator.vault import Vault

logger = logging.getLogger("exosphere.http")

_NO_OBJECT = "the body must be a JSON object, sent with the header content-type: application/json"


def create_app(settings: Settings) -> FastAPI:
    """Return the application; the engine runs while it does."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = Engine(settings)
        redis = engine.redis
        run_ends = RunEnds(engine.context)
        context = engine.context
        starting = (
            redis, context.plans, context.limits, settings.shards, engine.note_due, context.intake, context.tasks.keep_roots,
        )  # fmt: skip
        app.state.services = Services(
            settings=settings,
            redis=redis,
            redis_version=await check_server(redis),
            engine=engine,
            runs=RunStarter(*starting),
            many_runs=ManyRunsStarter(*starting),
            run_ends=run_ends,
            watchers=Watchers(redis, run_ends, settings.keep_events_ms, settings.max_watchers, settings.max_watch_ms),
            line_rate=LineRate(),
            feeds=NamespaceFeeds(engine.context, run_ends, settings.shards, settings.max_watch_ms),
            vault=Vault(settings.encryption_key.get_secret_value()),
            keys=KeyRing(redis, settings.api_key.get_secret_value()),
            rate=RequestRate(redis, settings.key_requests_per_second),
            calls=CallMetrics(),
            audit=(audit_log := AuditLog(engine.context, settings.audit_max_entries)),
        )
        engine.start()
        audit_log.start()
        listening = asyncio.create_task(run_ends.run(), name=run_ends.name)
        try:
            yield
        finally:
            await app.state.services.feeds.stop()
            await app.state.services.watchers.stop()
            await end(listening)
            await audit_log.stop(0)
            await engine.stop()

    app = DescribedApi(
        title="Exosphere state manager",
        version=VERSION,
        description="Graphs of typed nodes, run on Redis. Authenticate with the header `x-api-key`.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    for router in (
        # Routes are tried in this order, which takes a while: first those that are called most.
        triggers.router,
        nodes.router,
        graphs.router,
        runs.router,
        steering.router,
        states.router,
        once.router,
        reports.router,
        http_runtimes.router,
        schedules.router,
        pauses.router,
        rejected.router,
        keys.router,
        audit.router,
        events.router,
        logs.router,
        live_logs.router,
        queues.router,
        bulk.router,
        whoami.router,
        find_runs.router,
        figures.router,
        namespace_events.router,
        settings_in_force.router,
        metrics.router,
    ):
        app.include_router(router)
    app.routes.extend(dashboard_routes())
    app.add_exception_handler(ExosphereError, _known)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    for lost in LOST:
        app.add_exception_handler(lost, _lost)
    app.add_exception_handler(ResponseError, _refused)
    app.add_middleware(SlowBodies, timeout_ms=settings.body_timeout_ms)
    app.add_middleware(
        Gate,
        max_body_bytes=settings.max_body_bytes,
    )
    # Last, so that they come first: a browser asks without a key whether it may call.
    add_browser_rules(app, settings.origins)
    return app


def begin_stop(app: FastAPI) -> None:
    """A stop was asked for: calls that wait for the end of a run are answered now. May be called from a signal handler."""
    if (services := getattr(app.state, "services", None)) is not None:
        services.run_ends.release()


def _answer(status: int, detail: str, errors: list[str] | None = None) -> JSONResponse:
    content: dict[str, object] = {"detail": detail}
    if errors is not None:
        content["errors"] = errors
    return JSONResponse(content, status)


async def _known(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ExosphereError)
    if isinstance(error, CorruptRecord):
        logger.error("%s %s: %s", request.method, request.url.path, error.detail)
    answer = _answer(error.http_status, error.detail, error.errors if isinstance(error, InvalidGraph) else None)
    if isinstance(error, Overloaded) and error.retry_after_s is not None:
        answer.headers["retry-after"] = str(ceil(error.retry_after_s))
    return answer


async def _malformed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = []
    for fault in error.errors():
        # The first part tells whether it is in the body, the query or the path.
        place = ".".join(str(part) for part in fault["loc"][1:])
        faults.append(f"{place}: {fault['msg']}" if place else _NO_OBJECT)
    return _answer(422, "; ".join(faults), faults)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    detail = error.detail
    if error.status_code in (404, 405):
        detail = f"there is no call {request.method} {request.url.path[:200]}"
    answer = _answer(error.status_code, detail)
    answer.headers.update(error.headers or {})
    if error.status_code == 405:
        # The framework names the methods of the first route with this path alone.
        answer.headers["allow"] = ", ".join(methods_of(request.url.path))
    return answer


async def _lost(request: Request, error: Exception) -> JSONResponse:
    logger.warning("%s %s: Redis can't be reached: %s", request.method, request.url.path, error)
    return _answer(503, "Redis can't be reached now; try again")


async def _refused(request: Request, error: Exception) -> JSONResponse:
    if is_wrong_type(error):
        logger.error("%s %s: %s", request.method, request.url.path, error)
        return _answer(
            500, "a key in Redis that this call needs holds another type than it should; delete or restore it"
        )
    if not (why := inability(error)):
        raise error
    logger.error("%s %s: Redis takes no writes now: %s", request.method, request.url.path, why)
    return _answer(503, f"Redis takes no writes now: {why}; try again later")
