"""What every request passes before a handler sees it: its id, the API key, the limit on its body."""

import hmac
import json
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from starlette.exceptions import HTTPException

from exosphere_core.api import API_KEY_HEADER, REQUEST_ID_HEADER, VERSION

logger = logging.getLogger("exosphere.http")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.:-]{1,128}")
_KEYED_PREFIX: Final = f"/{VERSION}/"


class Gate:
    """ASGI middleware."""

    def __init__(self, app: App, api_key: str, max_body_bytes: int) -> None:
        self._app = app
        self._api_key = api_key.encode()
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Names may be given with blanks around them, in a URL too.
        scope["path"] = "/".join(part.strip(" \t") for part in scope["path"].split("/"))
        headers: dict[bytes, bytes] = dict(scope["headers"])
        given = headers.get(REQUEST_ID_HEADER.encode(), b"")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16).encode()
        scope.setdefault("state", {})["request_id"] = request_id.decode()

        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message.get("headers", ()), (REQUEST_ID_HEADER.encode(), request_id)]
            await send(message)

        if scope["path"].startswith(_KEYED_PREFIX) and not self._knows(headers.get(API_KEY_HEADER.encode(), b"")):
            await _answer(send_with_id, 401, "Invalid API key")
            return
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._max_body_bytes:
            await _answer(send_with_id, 413, self._too_large(int(length)))
            return
        received = 0

        async def bounded_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_body_bytes:
                # The framework lets this one through to the handler of errors; another would become a 400.
                raise HTTPException(413, self._too_large(received))
            return message

        try:
            await self._app(scope, bounded_receive, send_with_id)
        except Exception:
            logger.exception("%s %s failed (request %s)", scope["method"], scope["path"], request_id.decode())
            if not started:
                detail = f"the state manager failed; its log says more under request id {request_id.decode()}"
                await _answer(send_with_id, 500, detail)

    def _knows(self, key: bytes) -> bool:
        # compare_digest takes as long for a near miss as for a wild guess.
        return hmac.compare_digest(key, self._api_key)

    def _too_large(self, size: int) -> str:
        return f"the body has {size} bytes or more; the limit is {self._max_body_bytes} (EXOSPHERE_MAX_BODY_BYTES)"


async def _answer(send: Send, status: int, detail: str) -> None:
    body = json.dumps({"detail": detail}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
