"""A limit on how long the body of a request may take to come: a caller that sends it by drops would hold a place for ever."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class SlowBodies:
    """ASGI middleware: refuses a request (408) whose body has not come whole in time.

    Args:
        timeout_ms: from the moment when the application first asks for the body.
    """

    def __init__(self, app: ASGIApp, timeout_ms: int) -> None:
        self._app = app
        self._timeout_ms = timeout_ms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        deadline: float | None = None
        whole = False

        async def receive_in_time() -> Message:
            nonlocal deadline, whole
            if whole:
                # What comes now is the end of the connection, and that may take as long as it likes.
                return await receive()
            if deadline is None:
                deadline = asyncio.get_running_loop().time() + self._timeout_ms / 1000
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                # The framework lets this one through to the handler of errors; another would become a 400.
                raise HTTPException(
                    408, f"the body did not come whole within {self._timeout_ms} ms (EXOSPHERE_BODY_TIMEOUT_MS)"
                ) from None
            whole = not message.get("more_body", False)
            return message

        await self._app(scope, receive_in_time, send)
