"""A health endpoint: a small HTTP server that answers GET on a few paths and nothing else."""

import asyncio
import json
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from exosphere_core.errors import ConfigurationError
from exosphere_core.store.connection import BLOCK_MS

PATH: Final = "/health"

_DEFAULT_AGE_MS: Final = 60_000

#: Largest head of a request, in bytes. A body is never read.
_MAX_HEAD_BYTES: Final = 8192

#: Seconds for a request and its answer.
_PATIENCE_S: Final = 5.0


class Reply(NamedTuple):
    """What is answered to a request."""

    status: HTTPStatus
    content: bytes
    content_type: str = "application/json"


#: Path → what answers there. Called in the thread of the health endpoint, for each request.
Answers = Mapping[str, Callable[[], Awaitable[Reply]]]


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


class HealthServer:
    """Answers from a thread with an event loop of its own: node code that blocks the other one is not in its way.

    Args:
        listener: is closed with this.
    """

    def __init__(self, listener: socket.socket, answers: Answers) -> None:
        self._listener = listener
        self._answers = answers
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
                    writer.write(_response(await self._respond(reader)))
                    await writer.drain()
        finally:
            writer.close()

    async def _respond(self, reader: asyncio.StreamReader) -> Reply:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            detail = f"the head of a request has at most {_MAX_HEAD_BYTES} bytes"
            return _refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, detail)
        words = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return _refusal(HTTPStatus.BAD_REQUEST, "this is no HTTP/1 request")
        if words[0] != "GET":
            return _refusal(HTTPStatus.METHOD_NOT_ALLOWED, "only GET is answered here")
        answer = self._answers.get(words[1].partition("?")[0])
        if answer is None:
            return _refusal(HTTPStatus.NOT_FOUND, f"only {' and '.join(self._answers)} are answered here")
        return await answer()


def json_reply(status: HTTPStatus, body: object) -> Reply:
    """Spell an answer as JSON."""
    return Reply(status, json.dumps(body).encode())


def _refusal(status: HTTPStatus, detail: str) -> Reply:
    return json_reply(status, {"detail": detail})


def _response(reply: Reply) -> bytes:
    allow = "Allow: GET\r\n" if reply.status is HTTPStatus.METHOD_NOT_ALLOWED else ""
    head = (
        f"HTTP/1.1 {reply.status.value} {reply.status.phrase}\r\n"
        f"Content-Type: {reply.content_type}\r\n"
        f"Content-Length: {len(reply.content)}\r\n{allow}"
        "Cache-Control: no-store\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + reply.content


def health_age_s() -> float:
    """Return how old the last success may be, in s: `EXOSPHERE_HEALTH_AGE_MS`.

    Raises:
        ValueError: it is no number, or an idle process would be called dead between two reads.
    """
    text = os.environ.get("EXOSPHERE_HEALTH_AGE_MS") or str(_DEFAULT_AGE_MS)
    if not text.isdecimal() or int(text) <= BLOCK_MS:
        raise ValueError(
            f"EXOSPHERE_HEALTH_AGE_MS must be a whole number of ms above {BLOCK_MS}, "
            f"as long as an idle worker waits in one read, not {text!r}"
        )
    return int(text) / 1000
