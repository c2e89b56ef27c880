"""Results that a node records once for all deliveries of its attempt chain."""

import json

from fastapi import APIRouter, Request, Response

from exosphere_core import api
from exosphere_core.errors import BadRequest, TooLarge
from exosphere_core.names import identifier_error
from exosphere_core.store.once import Chain, read_once, record_once
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import Services, services
from exosphere_orchestrator.http.routing import handles
from exosphere_orchestrator.http.whereabouts import find_task

router = APIRouter(tags=["states"], route_class=JsonRoute)


@handles(router, api.GET_ONCE)
async def get_once(request: Request, namespace: str, state_id: str, key: str) -> Response:
    the = services(request)
    chain = await _chain(the, namespace, state_id, key)
    recorded = await read_once(the.redis, chain, key)
    told = b"false" if recorded is None else b"true"
    return _answer(key, b'"recorded":' + told + b',"value":' + (recorded or b"null"))


@handles(router, api.RECORD_ONCE)
async def record(request: Request, namespace: str, state_id: str, key: str, body: api.RecordOnceRequest) -> Response:
    the = services(request)
    chain = await _chain(the, namespace, state_id, key)
    try:
        result = json.dumps(body.value, ensure_ascii=False, separators=(",", ":")).encode()
    except RecursionError:
        raise BadRequest(f"once key {key!r}: the value is nested too deeply") from None
    limit = the.settings.max_value_bytes
    if len(result) > limit:
        raise TooLarge(
            f"once key {key!r}: the value has {len(result)} bytes as JSON; the limit is {limit} (EXOSPHERE_MAX_VALUE_BYTES)"
        )
    return _answer(key, b'"value":' + await record_once(the.redis, chain, key, result))


def _answer(key: str, rest: bytes) -> Response:
    # What was recorded is passed on as it is: read and spelled again it would be no better.
    return Response(b'{"key":"%b",%b}' % (key.encode(), rest), media_type="application/json")


async def _chain(the: Services, namespace: str, state_id: str, key: str) -> Chain:
    """The attempt chain of a state of a node of this namespace, which may not be that of the run."""
    if error := identifier_error("once key", key):
        raise BadRequest(error)
    home, task = await find_task(the, namespace, state_id)
    return Chain(home, task.run, task.chain or state_id)
