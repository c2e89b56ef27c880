"""A client that costs little, so that what is measured is the server: plain HTTP/1.1 over connections that stay open."""

import asyncio
import json
from collections.abc import Iterable, Iterator
from time import perf_counter
from typing import Any, NamedTuple

from bench.system import KEY
from exosphere_core.api import API_KEY_HEADER


class Ask(NamedTuple):
    """One call."""

    method: str
    path: str
    body: dict[str, Any] | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Answer(NamedTuple):
    """What came of a call.

    Attributes:
        seconds: from the first byte sent to the last one received.
        size: of the body, bytes.
    """

    status: int
    seconds: float
    size: int


async def play(port: int, asks: Iterable[Ask], connections: int) -> list[Answer]:
    """Make calls over some connections, each of which sends its next call when it has the answer to the last one."""
    left = iter(asks)
    return [
        answer
        for answers in await asyncio.gather(*(_connection(port, left) for _ in range(connections)))
        for answer in answers
    ]


async def _connection(port: int, left: Iterator[Ask]) -> list[Answer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 26)
    answers = []
    for ask in left:
        request = _spelled(ask)
        began = perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(size)
        answers.append(Answer(int(head.split(b" ", 2)[1]), perf_counter() - began, size))
    writer.close()
    await writer.wait_closed()
    return answers


def _spelled(ask: Ask) -> bytes:
    body = b"" if ask.body is None else json.dumps(ask.body).encode()
    headers = [
        ("host", "bench"),
        (API_KEY_HEADER, KEY),
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
        *ask.headers,
    ]
    lines = [f"{ask.method} {ask.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode() + body
