"""How answers leave: a short one in one write, a long one as it comes."""

import asyncio
from collections.abc import Sequence
from typing import Any

from uvicorn import Config
from uvicorn.server import ServerState

from exosphere_orchestrator.http.one_write import OneWrite


class Transport(asyncio.Transport):
    """Notes what is written to it, write by write."""

    def __init__(self) -> None:
        super().__init__({"socket": None})
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        assert not self.closed
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        """Nothing is read."""

    def resume_reading(self) -> None:
        """Nothing is read."""


def answered(parts: Sequence[bytes], request: bytes = b"GET / HTTP/1.1\r\nhost: h\r\n\r\n") -> Transport:
    """What is written for an answer of these parts, all of which are there at once."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        length = str(sum(map(len, parts))).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        for number, part in enumerate(parts, 1):
            await send({"type": "http.response.body", "body": part, "more_body": number < len(parts)})

    async def play() -> Transport:
        config = Config(app, log_config=None)
        config.load()
        transport = Transport()
        protocol = OneWrite(config=config, server_state=ServerState(), app_state={})
        protocol.connection_made(transport)
        protocol.data_received(request)
        async with asyncio.timeout(20):
            while not b"".join(transport.writes).endswith(parts[-1] or b"}"):
                await asyncio.sleep(0)
        protocol.connection_lost(None)
        return transport

    return asyncio.run(play())


def test_head_and_body_of_a_short_answer_are_written_together() -> None:
    (whole,) = answered([b'{"status": "CREATED"}']).writes
    head, _, body = whole.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == b'{"status": "CREATED"}'


def test_a_long_answer_is_written_as_it_comes() -> None:
    writes = answered([b"x" * 50_000] * 10 + [b"end"]).writes
    assert len(writes) >= 5
    assert b"".join(writes).partition(b"\r\n\r\n")[2] == b"x" * 500_000 + b"end"


def test_an_answer_after_which_the_connection_ends_is_written_before_that() -> None:
    transport = answered([b"bye"], b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")
    assert transport.closed
    assert b"".join(transport.writes).endswith(b"bye")
