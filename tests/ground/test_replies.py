"""The replies to a write: taken as they come, whole, and by nobody else; a connection that breaks loses all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

import pytest
import uvloop
from redis.exceptions import ConnectionError, InvalidResponse, ResponseError, TimeoutError

from exosphere_core.store import wire
from exosphere_core.store.connection import ask, connect_untimed

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

LOOPS = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@pytest.fixture(params=LOOPS.values(), ids=LOOPS)
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, None]], None]:
    def play(scene: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(scene)

    return play


async def _greeted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Answer what the driver says first; return what comes then."""
    while b"SETINFO" in (said := await reader.read(65536)):
        writer.write(b"+OK\r\n" * said.count(b"SETINFO"))
    return said


async def _sent_to(play: Play, *commands: tuple[str, ...]) -> list[Any]:
    """What comes of commands to a server that a test plays."""
    over = asyncio.Event()
    played: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        played.append(cast("asyncio.Task[None]", asyncio.current_task()))
        await play(reader, writer)
        await over.wait()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        redis = connect_untimed(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        try:
            return await wire.send(redis, commands)
        finally:
            await redis.aclose()
            over.set()
            await asyncio.wait(played)


def test_replies_that_come_in_pieces_are_put_together(run: Any) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _greeted(reader, writer)
        for piece in (b"$5\r\nhe", b"llo\r\n-ERR no\r\n:", b"7\r\n*1\r\n", b"+x\r\n"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    async def scene() -> None:
        text, refused, number, several = await _sent_to(play, ("A",), ("B",), ("C",), ("D",))
        assert (text, number, several) == (b"hello", 7, [b"x"])
        assert isinstance(refused, ResponseError)

    run(scene())


@pytest.mark.parametrize("how", ["close", "write_eof", "abort"])
def test_a_server_that_goes_before_the_last_reply_is_lost(run: Any, how: str) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _greeted(reader, writer)
        writer.write(b"+one\r\n")
        await writer.drain()
        (writer.transport.abort if how == "abort" else getattr(writer, how))()

    async def scene() -> None:
        with pytest.raises(ConnectionError):
            await _sent_to(play, ("A",), ("B",))

    run(scene())


def test_what_is_no_redis_is_told_as_such(run: Any) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _greeted(reader, writer)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async def scene() -> None:
        with pytest.raises((InvalidResponse, ConnectionError)):
            await _sent_to(play, ("A",))

    run(scene())


def test_a_server_that_says_nothing_is_given_up(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _greeted(reader, writer)

    async def scene() -> None:
        monkeypatch.setattr(wire, "COMMAND_TIMEOUT_S", 0.2)
        with pytest.raises(TimeoutError, match="Redis did not answer in time"):
            await _sent_to(play, ("A",))

    run(scene())


def test_the_driver_goes_on_with_a_connection_whose_replies_were_taken(run: Any, redis_url: str) -> None:
    async def scene() -> None:
        redis = connect_untimed(redis_url, max_connections=1)
        large = "x" * 3_000_000
        for number in range(3):
            assert await wire.send(redis, [("SET", f"k{number}", large), ("GET", f"k{number}")]) == [
                b"OK",
                large.encode(),
            ]
            assert await ask(redis, "STRLEN", f"k{number}") == len(large)
        await redis.aclose()

    run(scene())
