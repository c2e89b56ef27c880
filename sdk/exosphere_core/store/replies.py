"""The replies to one write, taken as they come off the socket."""

import asyncio
from typing import Any, Final, Protocol

from redis._parsers.hiredis import NOT_ENOUGH_DATA, _AsyncHiredisParser
from redis.exceptions import ConnectionError, TimeoutError

_CLOSED: Final = "the connection was closed before Redis had answered"
_GONE: Final = "the connection was closed before the write"


class _Reader(Protocol):
    def feed(self, data: bytes) -> None: ...

    def gets(self) -> Any: ...


class Replies(asyncio.Protocol):
    """Stands in for the driver's protocol on a connection's transport while one write is answered.

    The driver reads through a stream: a buffer, a future and several turns of the event loop for each reply, which costs more
    than what Redis does for it. Whatever else happens to the connection is the driver's to hear of.

    Args:
        transport: has nobody else's replies under way.
        reader: the driver's own, which knows how errors are called.
        count: how many replies there will be.
    """

    def __init__(self, transport: asyncio.Transport, reader: _Reader, count: int) -> None:
        self._transport = transport
        self._driver: Any = transport.get_protocol()
        self._reader = reader
        self._count = count
        self._replies: list[Any] = []
        self._all: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()

    async def of(self, packed: bytes, timeout_s: float) -> list[Any]:
        """Write commands and return their replies; one that was refused gives its error.

        Raises:
            redis.exceptions.ConnectionError, TimeoutError: nothing is known about any of the commands.
        """
        if self._transport.is_closing():
            # Whoever else closes it: without this the write would raise whatever the event loop calls that, or nothing.
            raise ConnectionError(_GONE)
        timer = asyncio.get_running_loop().call_later(timeout_s, self._late)
        self._transport.set_protocol(self)
        try:
            self._transport.write(packed)
            return await self._all
        finally:
            timer.cancel()
            self._transport.set_protocol(self._driver)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        if self._all.done():
            return
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not NOT_ENOUGH_DATA:
                if isinstance(reply, ConnectionError):
                    raise reply
                self._replies.append(reply)
        except Exception as broken:
            self._all.set_exception(broken)
            return
        if len(self._replies) >= self._count:
            self._all.set_result(self._replies)

    def eof_received(self) -> bool:
        """The server says no more: its end of the connection is to be closed, too."""
        self._driver.eof_received()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed, by whomever."""
        if not self._all.done():
            self._all.set_exception(ConnectionError(f"{_CLOSED} ({exc})" if exc else _CLOSED))
        self._driver.connection_lost(exc)

    def pause_writing(self) -> None:
        """The driver counts what is not written yet."""
        self._driver.pause_writing()

    def resume_writing(self) -> None:
        """As `pause_writing`."""
        self._driver.resume_writing()

    def _late(self) -> None:
        if not self._all.done():
            self._all.set_exception(TimeoutError("Redis did not answer in time"))


def replies_of(connection: Any, count: int) -> Replies | None:
    """Return what takes the replies of a driver's connection; None for one without a transport, as simulated ones are.

    Raises:
        redis.exceptions.ConnectionError: it is closed.
    """
    parser = getattr(connection, "_parser", None)
    writer = getattr(connection, "_writer", None)
    transport = getattr(writer, "transport", None)
    if transport is None or not isinstance(parser, _AsyncHiredisParser):
        return None
    if connection._reader.at_eof():
        raise ConnectionError(_GONE)
    reader: Any = parser
    return Replies(transport, reader._reader, count)


def is_fit(connection: Any) -> bool:
    """Whether a driver's connection is seen to be open, and has nothing that nobody read. False where that can't be seen."""
    stream, parser = getattr(connection, "_reader", None), getattr(connection, "_parser", None)
    if not isinstance(stream, asyncio.StreamReader) or not isinstance(parser, _AsyncHiredisParser):
        return False
    seen: Any = stream
    reader: Any = parser
    is_open = connection.is_connected and stream.exception() is None and not seen._eof
    return is_open and not connection._writer.is_closing() and not seen._buffer and not reader._reader.has_data()
