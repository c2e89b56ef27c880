"""The health endpoint: a small HTTP server that knows `GET /health` and nothing else."""

import asyncio
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from exosphere_core.errors import ConfigurationError
from exosphere_worker.vitals import Health, Vitals, health_age_s, health_of

logger = logging.getLogger("exosphere.runtime")

PATH: Final = "/health"

#: Largest head of a request, in bytes. A body is never read.
_MAX_HEAD_BYTES: Final = 8192

#: Seconds for a request and its answer.
_PATIENCE_S: Final = 5.0

Answer = Callable[[], Awaitable[Health]]


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        ConfigurationError: the address can't be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as refused:
        # The text of create_server repeats the address; that of a name that can't be found has a number below zero.
        reason = os.strerror(refused.errno) if refused.errno is not None and refused.errno > 0 else refused.strerror
        raise ConfigurationError(
            f"the health endpoint can't listen on {host} port {port}: {reason}; give another --health-host or --health-port"
        ) from None


def listen_at(path: Path) -> socket.socket:
    """Return a Unix socket that listens, in place of one that a process which is gone left there."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.fspath(path))
    listener.listen()
    return listener


def answer_of(vitals: Vitals) -> Answer:
    """Return what answers for one runtime.

    Raises:
        ValueError: `EXOSPHERE_HEALTH_AGE_MS` is wrong.
    """
    age_s = health_age_s()

    async def answer() -> Health:
        return health_of(vitals, time.monotonic(), age_s)

    return answer


class HealthServer:
    """Answers from a thread with an event loop of its own: node code that blocks the other one is not in its way.

    Args:
        listener: is closed with this.
        answer: called in that thread for each request.
    """

    def __init__(self, listener: socket.socket, answer: Answer) -> None:
        self._listener = listener
        self._answer = answer
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="exosphere-health", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_PATIENCE_S)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._handle, sock=self._listener, limit=_MAX_HEAD_BYTES)
        await self._stop.wait()
        server.close()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # A client that is slow, or gone, gets no answer.
            with suppress(TimeoutError, ConnectionError, asyncio.IncompleteReadError):
                async with asyncio.timeout(_PATIENCE_S):
                    status, body = await self._respond(reader)
                    writer.write(_response(status, body))
                    await writer.drain()
        finally:
            writer.close()

    async def _respond(self, reader: asyncio.StreamReader) -> tuple[HTTPStatus, dict[str, object]]:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            detail = f"the head of a request has at most {_MAX_HEAD_BYTES} bytes"
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, {"detail": detail}
        words = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return HTTPStatus.BAD_REQUEST, {"detail": "this is no HTTP/1 request"}
        if words[0] != "GET":
            return HTTPStatus.METHOD_NOT_ALLOWED, {"detail": "only GET is answered here"}
        if words[1].partition("?")[0] != PATH:
            return HTTPStatus.NOT_FOUND, {"detail": f"only {PATH} is answered here"}
        health = await self._answer()
        return HTTPStatus.OK if health.alive else HTTPStatus.SERVICE_UNAVAILABLE, health.body


def _response(status: HTTPStatus, body: dict[str, object]) -> bytes:
    content = json.dumps(body).encode()
    allow = "Allow: GET\r\n" if status is HTTPStatus.METHOD_NOT_ALLOWED else ""
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n{allow}"
        "Cache-Control: no-store\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + content
