"""Triggering a graph many times by one call. Its body is read in one go: the framework would take more for each run than Redis does."""

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from exosphere_core import api
from exosphere_core.names import NAME_PATTERN
from exosphere_core.records import encode
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import checked, services
from exosphere_orchestrator.http.guard import note_thing
from exosphere_orchestrator.http.routing import handles
from exosphere_orchestrator.many_runs import AskedRun

router = APIRouter(tags=["graphs"], route_class=JsonRoute)


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    runs: Annotated[list[AskedRun], msgspec.Meta(min_length=1, max_length=api.MOST_RUNS)]


_decode: Final = msgspec.json.Decoder(_Body).decode


@handles(router, api.TRIGGER_MANY, reads_body=True)
async def trigger_many(
    request: Request,
    namespace: str,
    graph_name: str,
    key: Annotated[
        str,
        Header(
            alias=api.IDEMPOTENCY_KEY_HEADER,
            description=api.TRIGGER_MANY.headers[api.IDEMPOTENCY_KEY_HEADER],
            json_schema_extra={"pattern": f"^{NAME_PATTERN}$"},
        ),
    ],
) -> Response:
    checked("namespace", namespace)
    checked("graph name", graph_name)
    checked(api.IDEMPOTENCY_KEY_HEADER, key)
    asked = await _asked(request)
    started = await services(request).many_runs.trigger(namespace, graph_name, asked, key)
    note_thing(request, runs=str(len(started.run_ids)), first_run_id=started.run_ids[0])
    answer = {"status": "CREATED", "run_ids": started.run_ids, "ignored_inputs": started.ignored_inputs}
    return Response(encode(answer), media_type="application/json")


async def _asked(request: Request) -> list[AskedRun]:
    """Read the body.

    Raises:
        RequestValidationError: it has not the documented form; it tells of the first fault, with the number of the run.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise RequestValidationError([{"loc": ("body",), "msg": ""}])
    try:
        return _decode(await request.body()).runs
    except (msgspec.DecodeError, UnicodeDecodeError):
        # The slow way tells better what is wrong.
        found = await request.json()
    try:
        body = api.TriggerManyRequest.model_validate(found)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        raise RequestValidationError([{**first, "loc": ("body", *first["loc"])}]) from None
    return [AskedRun(run.inputs, run.store, run.start_delay) for run in body.runs]
