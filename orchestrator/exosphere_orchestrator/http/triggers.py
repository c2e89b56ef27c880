"""Triggering a graph, once or many times by one call. Of all calls these come most often, and in the greatest numbers: their
bodies are read in one go, as the framework would take more for each run than Redis does.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request, Response

from exosphere_core import api
from exosphere_core.names import NAME_PATTERN
from exosphere_core.records import encode
from exosphere_core.traces import read_traceparent
from exosphere_orchestrator.asked import asked_by, quickly_read_run, quickly_read_runs
from exosphere_orchestrator.http.body import JsonRoute, raw_body, read_slowly
from exosphere_orchestrator.http.context import checked, services
from exosphere_orchestrator.http.guard import note_thing
from exosphere_orchestrator.http.routing import handles
from exosphere_orchestrator.many_runs import AskedRun

router = APIRouter(tags=["graphs"], route_class=JsonRoute)


def _key_of(row: api.Row) -> Any:
    return Header(
        alias=api.IDEMPOTENCY_KEY_HEADER,
        description=row.headers[api.IDEMPOTENCY_KEY_HEADER],
        json_schema_extra={"pattern": f"^{NAME_PATTERN}$"},
    )


_TRACE: Final = Header(
    alias=api.TRACEPARENT_HEADER, description=api.TRIGGER.headers[api.TRACEPARENT_HEADER]
)  # fmt: skip


async def _arguments(request: Request) -> dict[str, Any]:
    headers = request.headers
    return {
        "body": await _asked_run(request),
        "key": headers.get(api.IDEMPOTENCY_KEY_HEADER),
        "trace": headers.get(api.TRACEPARENT_HEADER),
    }


async def _asked_run(request: Request) -> api.TriggerRequest:
    if (run := quickly_read_run(await raw_body(request))) is None:
        return await read_slowly(request, api.TriggerRequest)
    return api.TriggerRequest.model_construct(inputs=run.inputs, store=run.store, start_delay=run.start_delay)


@handles(router, api.TRIGGER, arguments=_arguments)
async def trigger(
    request: Request,
    namespace: str,
    graph_name: str,
    body: api.TriggerRequest,
    key: Annotated[str | None, _key_of(api.TRIGGER)] = None,
    trace: Annotated[str | None, _TRACE] = None,
) -> Response:
    checked("namespace", namespace)
    checked("graph name", graph_name)
    if key is not None:
        checked(api.IDEMPOTENCY_KEY_HEADER, key)
    started = await services(request).runs.trigger(
        namespace, graph_name, body.inputs, body.store, body.start_delay, key=key, trace=read_traceparent(trace)
    )
    note_thing(request, run_id=started.run_id)
    return _answer({"status": "CREATED", "run_id": started.run_id, "ignored_inputs": started.ignored_inputs})


@handles(router, api.TRIGGER_MANY, reads_body=True)
async def trigger_many(
    request: Request, namespace: str, graph_name: str, key: Annotated[str, _key_of(api.TRIGGER_MANY)]
) -> Response:
    checked("namespace", namespace)
    checked("graph name", graph_name)
    checked(api.IDEMPOTENCY_KEY_HEADER, key)
    asked = await _asked_runs(request)
    started = await services(request).many_runs.trigger(namespace, graph_name, asked, key)
    note_thing(request, runs=str(len(started.run_ids)), first_run_id=started.run_ids[0])
    return _answer({"status": "CREATED", "run_ids": started.run_ids, "ignored_inputs": started.ignored_inputs})


async def _asked_runs(request: Request) -> list[AskedRun]:
    if (runs := quickly_read_runs(await raw_body(request))) is None:
        # There may be as many faults as runs: the first one is enough.
        runs = [asked_by(run) for run in (await read_slowly(request, api.TriggerManyRequest, 1)).runs]
    return runs


def _answer(body: dict[str, Any]) -> Response:
    return Response(encode(body), media_type="application/json")
