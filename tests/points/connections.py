"""Connections in place of the driver's: each speaks over a line of its own to a real server, but synchronously and one
command at a time, also within a burst or a MULTI: so each command has an index, and what happens is the same
whenever it is played again."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import hiredis
import redis.asyncio.connection
import redis.connection
from redis.exceptions import ConnectionError, ResponseError

from points.line import Line
from points.wire import BLOCKING, STAGEHAND, Mode, Wire


class _Counted:
    """What the two faces of a connection have in common."""

    wire: Wire
    client_name: str | None
    _line: Line | None = None
    #: Which life of the server this leads to: who sets the stage outlives all of them.
    _since = 0
    _replies: deque[Any]

    @property
    def _actor(self) -> str:
        assert self.client_name is not None, "an address that names no actor"
        return self.client_name

    def _open(self) -> Line:
        self.wire.check(self._actor)
        if self._actor == STAGEHAND and self._since != self.wire.powered:
            self._shut()
            self._since = self.wire.powered
        if self._line is None:
            self._line, self._replies = self.wire.open_line(), deque()
        return self._line

    def _shut(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _send_all(self, commands: list[list[bytes]]) -> None:
        line = self._open()
        for number, words in enumerate(commands, start=1):
            try:
                self._replies.append(self.wire.exchange(self._actor, line, words, number == len(commands)))
            except BaseException:
                self._shut()
                raise

    def _next_reply(self) -> Any:
        self.wire.check(self._actor)
        if self._line is None:
            raise ConnectionError("the connection was lost")
        reply = self._replies.popleft()
        if isinstance(reply, ResponseError):
            raise reply
        return reply


class Connection(_Counted, redis.asyncio.connection.UnixDomainSocketConnection):
    """In place of the driver's."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        # Not the driver's parser, whose buffer a burst looks into.
        self._parser = _NoParser()

    @property
    def is_connected(self) -> bool:
        return self._line is not None

    async def connect(self) -> None:
        self._open()

    async def disconnect(self, nowait: bool = False) -> None:
        self._shut()

    async def can_read_destructive(self) -> bool:
        return False

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        commands = list(_commands(command))
        if self._actor != STAGEHAND:
            await self.wire.give_way()
        wait_s = _take_block(commands[0]) if len(commands) == 1 else None
        if wait_s is None:
            self._send_all(commands)
            return
        try:
            self._replies.append(await self._wait(commands[0], wait_s))
        except BaseException:
            self._shut()
            raise

    async def _wait(self, words: list[bytes], wait_s: float) -> Any:
        """A blocking read: one command, whose reply comes when there is something, or when its time is over."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        line = self._open()
        mode = self.wire.announce(self._actor, line, words, True)
        while (reply := self.wire.send(line, words)) is None and (left := deadline - loop.time()) > 0:
            unblocked = await self.wire.stirred(left, line.client)
            self.wire.check(self._actor)
            if unblocked:
                break
        if mode is Mode.STOP:
            # Later than other commands: the reply is on its way when whoever waits for it is cancelled.
            self.wire.on_stop(self._actor)
            for _ in range(50):
                await asyncio.sleep(0)
        self.wire.conclude(self._actor, line, mode)
        return reply

    async def read_response(self, *_: Any, **__: Any) -> Any:
        return self._next_reply()


class SyncConnection(_Counted, redis.connection.UnixDomainSocketConnection):
    """The same for a client without an event loop."""

    def connect(self) -> None:
        self._open()

    def disconnect(self, *_: Any) -> None:
        self._shut()

    def can_read(self, timeout: float = 0) -> bool:
        return False

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        self._send_all(list(_commands(command)))

    def read_response(self, *_: Any, **__: Any) -> Any:
        return self._next_reply()


class _NoParser:
    def on_disconnect(self) -> None:
        return


@contextmanager
def tapped(wire: Wire) -> Iterator[None]:
    """Every connection to a Unix socket goes over this wire."""
    _Counted.wire = wire
    with (
        patch.object(redis.asyncio.connection, "UnixDomainSocketConnection", Connection),
        patch.object(redis.connection, "UnixDomainSocketConnection", SyncConnection),
    ):
        yield


def _commands(packed: Any) -> Iterator[list[bytes]]:
    """A request is spelled as an array of texts, which a reader of replies reads as well."""
    reader = hiredis.Reader()
    reader.feed(packed if isinstance(packed, bytes) else b"".join(packed))
    while (words := reader.gets()) is not False:
        yield words


def _take_block(words: list[bytes]) -> float | None:
    """Take BLOCK off a read, and return for how many s it would wait: here time does not pass in Redis."""
    if words[0] not in BLOCKING:
        return None
    if b"BLOCK" not in words[: words.index(b"STREAMS")]:
        return 0.0
    at = words.index(b"BLOCK")
    wait_ms = int(words[at + 1])
    del words[at : at + 2]
    return wait_ms / 1000
