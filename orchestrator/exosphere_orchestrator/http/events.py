"""What becomes of a run, as server-sent events."""

import re
from collections.abc import AsyncGenerator
from typing import Annotated, Final

from fastapi import APIRouter, Header, Request, Response

from exosphere_core import api
from exosphere_core.errors import BadRequest, NotFound
from exosphere_core.records import EventKind
from exosphere_core.states import RunStatus
from exosphere_core.store.events import START, RunEvent
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import home_of, iso, services
from exosphere_orchestrator.http.event_stream import EventStream
from exosphere_orchestrator.http.routing import handles

router = APIRouter(tags=["runs"], route_class=JsonRoute)

_EVENT_ID: Final = re.compile(api.EVENT_ID_PATTERN, re.ASCII)

#: What is sent when there is nothing to say.
_KEEP_ALIVE: Final = b": nothing new\n\n"


@handles(router, api.WATCH_RUN)
async def watch_run(
    request: Request,
    namespace: str,
    run_id: str,
    last_event_id: Annotated[
        str | None,
        Header(
            description=api.WATCH_RUN.headers[api.LAST_EVENT_ID_HEADER],
            json_schema_extra={"pattern": api.EVENT_ID_PATTERN},
        ),
    ] = None,
) -> Response:
    watchers = services(request).watchers
    home = home_of(namespace, run_id, "run")
    if last_event_id is not None and not _EVENT_ID.fullmatch(last_event_id):
        raise BadRequest(f"{api.LAST_EVENT_ID_HEADER}: {last_event_id[:60]!r} is no id of an event")
    after = last_event_id or START
    watchers.enter()
    try:
        watched = await watchers.begin(home, run_id)
        if watched is None:
            raise NotFound(f"namespace {namespace!r} has no run {run_id[:60]!r}")
        over = watched.whole and watched.status is not RunStatus.PENDING
        if over and not await watchers.has_more(home, run_id, after):
            watchers.leave()
            return Response(status_code=204)
    except BaseException:
        watchers.leave()
        raise
    return EventStream(_spelled(run_id, watchers.follow(home, run_id, after, watched)), watchers.leave)


async def _spelled(run_id: str, events: AsyncGenerator[list[RunEvent], None]) -> AsyncGenerator[bytes, None]:
    try:
        async for page in events:
            yield b"".join(_spell(run_id, event) for event in page) or _KEEP_ALIVE
    finally:
        await events.aclose()


def _spell(run_id: str, event: RunEvent) -> bytes:
    of_state = event.kind in (EventKind.STATE, EventKind.FOUND)
    body = api.EventBody(
        id=event.id,
        event=event.kind.value,
        run_id=run_id,
        status=event.status,
        at=iso(event.moment),
        state_id=event.state if of_state else None,
        identifier=event.identifier if of_state else None,
        attempt=event.attempt if of_state else None,
        total_count=event.states if event.kind is EventKind.BEGIN else None,
    )
    return f"id: {event.id}\nevent: {event.kind}\ndata: {body.model_dump_json(exclude_none=True)}\n\n".encode()
