"""What goes on in a namespace, as server-sent events."""

from collections.abc import AsyncGenerator
from typing import Final

from fastapi import APIRouter, Request, Response

from exosphere_core import api
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import checked, services
from exosphere_orchestrator.http.event_stream import EventStream
from exosphere_orchestrator.http.routing import handles

router = APIRouter(tags=["reads"], route_class=JsonRoute)

#: What is sent when there is nothing to say.
_KEEP_ALIVE: Final = b": nothing new\n\n"


@handles(router, api.WATCH_NAMESPACE)
async def watch_namespace(request: Request, namespace: str) -> Response:
    the = services(request)
    checked("namespace", namespace)
    the.watchers.enter()
    try:
        watch = await the.feeds.join(namespace)
    except BaseException:
        the.watchers.leave()
        raise

    def leave() -> None:
        the.watchers.leave()
        the.feeds.leave(watch)

    return EventStream(_spelled(the.feeds.follow(watch)), leave)


async def _spelled(events: AsyncGenerator[list[api.NamespaceEventBody], None]) -> AsyncGenerator[bytes, None]:
    try:
        async for page in events:
            yield b"".join(map(_spell, page)) or _KEEP_ALIVE
    finally:
        await events.aclose()


def _spell(event: api.NamespaceEventBody) -> bytes:
    return f"event: {event.event}\ndata: {event.model_dump_json(exclude_none=True)}\n\n".encode()
