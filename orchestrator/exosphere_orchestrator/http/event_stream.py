"""An answer of server-sent events. Who goes away, or doesn't read, is let go."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from exosphere_core.ending import end

logger = logging.getLogger("exosphere.http")

#: How long a client may take to make room for more, in s.
SLOW_S: Final = 30.0


class EventStream(StreamingResponse):
    """Sends chunks as they come.

    Args:
        chunks: closed when the client has gone, too.
        on_end: called in the end.
    """

    def __init__(self, chunks: AsyncGenerator[bytes, None], on_end: Callable[[], None]) -> None:
        # The first two are for proxies: they would keep the events back.
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        super().__init__(chunks, headers=headers, media_type="text/event-stream")
        self._chunks = chunks
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send(send, scope["path"]))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._on_end()
            await end(leaving, *(() if sending.done() else (sending,)))
        if not sending.cancelled():
            sending.result()

    async def _send(self, send: Send, path: str) -> None:
        async with aclosing(self._chunks) as chunks:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            try:
                async for chunk in chunks:
                    async with asyncio.timeout(SLOW_S):
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
            except TimeoutError:
                logger.warning("%s: a client has read nothing for %g s and is cut off", path, SLOW_S)
                return
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
