"""What concerns browsers: the headers that keep them from misusing an answer, and which other sites may ask."""

from collections.abc import Sequence
from typing import Final

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exosphere_core.api import API_KEY_HEADER, IDEMPOTENCY_KEY_HEADER, REQUEST_ID_HEADER, TRACEPARENT_HEADER

#: On every answer that does not say otherwise: nothing of it is a page, and none of it is to be kept.
_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

#: How long a browser may rely on what it was told about another site's calls, in s.
_PREFLIGHT_S: Final = 600


class SafeHeaders:
    """ASGI middleware: adds these headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def add_browser_rules(app: FastAPI, origins: Sequence[str]) -> None:
    """Add the headers, and let pages of these origins call the API with a key of their own.

    Args:
        origins: as `https://host:port`; none for pages of no other site.
    """
    app.add_middleware(SafeHeaders)
    if origins:
        # No credentials: a key is sent by the page that has it, never by the browser of its own accord.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "PUT", "POST", "DELETE"],
            allow_headers=[
                API_KEY_HEADER,
                IDEMPOTENCY_KEY_HEADER,
                REQUEST_ID_HEADER,
                TRACEPARENT_HEADER,
                "content-type",
                "last-event-id",
            ],
            expose_headers=[REQUEST_ID_HEADER, "retry-after"],
            max_age=_PREFLIGHT_S,
        )
