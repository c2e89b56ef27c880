"""What every request passes before a handler sees it: its id, the API key and how often that is used, the limit on its body;
and the audit log after.
"""

import json
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from math import ceil
from typing import Any, Final

from starlette.exceptions import HTTPException

from exosphere_core.api import API_KEY_HEADER, REQUEST_ID_HEADER, VERSION, Row
from exosphere_core.errors import Overloaded
from exosphere_core.logs import REQUEST_ID
from exosphere_core.names import name_error
from exosphere_core.roles import EVERY_NAMESPACE
from exosphere_core.store.audit import Happened
from exosphere_core.store.faults import FAULTS
from exosphere_orchestrator.access.callers import Caller
from exosphere_orchestrator.http.long_answers import LongAnswer

logger = logging.getLogger("exosphere.http")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = dict[bytes, bytes]

_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.:-]{1,128}")
_KEYED_PREFIX: Final = f"/{VERSION}/"
#: How much of the address of a client is recorded, in characters: a proxy may have written it.
_LONGEST_ADDRESS: Final = 64


_AWAY: Final = (503, "Redis can't be reached now; try again")


class Gate:
    """ASGI middleware."""

    def __init__(self, app: App, max_body_bytes: int) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Names may be given with blanks around them, in a URL too.
        scope["path"] = "/".join(part.strip(" \t") for part in scope["path"].split("/"))
        headers: Headers = dict(scope["headers"])
        given = headers.get(REQUEST_ID_HEADER.encode(), b"")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16).encode()
        state = scope.setdefault("state", {})
        state["request_id"] = request_id.decode()
        REQUEST_ID.set(request_id.decode())

        status, began = 0, time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                # Before the answer goes out: who has it finds the call in the log.
                _record(scope, status)
                message["headers"] = [*message.get("headers", ()), (REQUEST_ID_HEADER.encode(), request_id)]
            await send(message)

        async def refusal() -> tuple[int, str] | None:
            return await _identify(scope, headers)

        answer = LongAnswer(send_with_id, refusal, _answer)
        try:
            if refused := await refusal():
                await _answer(send_with_id, *refused)
            elif excess := await _too_many(scope):
                await _answer(send_with_id, *excess)
            else:
                await self._pass_on(scope, receive, answer.send, headers)
        except Exception:
            if answer.cut:
                return
            logger.exception("%s %r failed", scope["method"], scope["path"])
            if not status:
                detail = f"the state manager failed; its log says more under request id {request_id.decode()}"
                await _answer(send_with_id, 500, detail)
        finally:
            row: Row | None = state.get("row")
            took_s = time.perf_counter() - began
            scope["app"].state.services.calls.note(row and row.name, status, took_s)
            logger.debug("%s %r was answered %d in %.1f ms", scope["method"], scope["path"], status, took_s * 1000)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._max_body_bytes:
            await _answer(send, 413, self._too_large(int(length)))
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

        await self._app(scope, bounded_receive, send)

    def _too_large(self, size: int) -> str:
        return f"the body has {size} bytes or more; the limit is {self._max_body_bytes} (EXOSPHERE_MAX_BODY_BYTES)"


async def _identify(scope: Scope, headers: Headers) -> tuple[int, str] | None:
    """Note who calls. Returns status and detail of the answer to a call without a good key."""
    if not scope["path"].startswith(_KEYED_PREFIX):
        return None
    try:
        caller = await scope["app"].state.services.keys.identify(headers.get(API_KEY_HEADER.encode(), b""))
    except FAULTS as fault:
        logger.warning("%s %r: Redis can't tell whose key it is: %s", scope["method"], scope["path"], fault)
        return _AWAY
    if caller is None:
        return 401, "Invalid API key"
    scope["state"]["caller"] = caller
    return None


async def _too_many(scope: Scope) -> tuple[int, str, int | None] | None:
    """Count a call with a good key. Returns status, detail and `Retry-After` of the answer to one of too many."""
    if (caller := scope["state"].get("caller")) is None:
        return None
    try:
        await scope["app"].state.services.rate.admit(caller)
    except Overloaded as refused:
        return 429, refused.detail, ceil(refused.retry_after_s or 0)
    except FAULTS as fault:
        # Whoever can make Redis fail must not be free of the limit.
        logger.warning("%s %r: Redis can't count the requests of a key: %s", scope["method"], scope["path"], fault)
        return *_AWAY, None
    return None


async def _answer(send: Send, status: int, detail: str, retry_after_s: int | None = None) -> None:
    body = json.dumps({"detail": detail}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if retry_after_s is not None:
        headers.append((b"retry-after", str(retry_after_s).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _record(scope: Scope, status: int) -> None:
    """Have the audit log tell of a call that changed something, or may have, or was refused."""
    state = scope["state"]
    row: Row | None = state.get("row")
    caller: Caller | None = state.get("caller")
    refused = status in (401, 403) or status >= 500
    if not (refused or (row is not None and row.is_audited and 0 < status < 400)):
        return
    # A read that failed changed nothing.
    if status >= 500 and (row is None or not row.is_audited):
        return
    namespace = state.get("namespace", "")
    scope["app"].state.services.audit.note(
        Happened(
            log=_log_of(status, namespace, caller),
            key_id=caller.key_id if caller is not None else "",
            call=row.name if row is not None else "",
            namespace="" if namespace == EVERY_NAMESPACE else namespace,
            things=state.get("things", {}),
            address=str((scope.get("client") or ("",))[0])[:_LONGEST_ADDRESS],
            status=status,
            request_id=state["request_id"],
        ),
        refused=refused,
    )


def _log_of(status: int, namespace: str, caller: Caller | None) -> str:
    """Whose log tells of a call. What is refused goes where the key belongs: a stranger must not make logs at will."""
    if status == 403 and caller is not None:
        return caller.namespace
    # Without a good key nobody has looked at what the path names.
    return EVERY_NAMESPACE if name_error("namespace", namespace) else namespace
