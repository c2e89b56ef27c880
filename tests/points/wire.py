"""The one place where every command of every actor passes on its way to Redis: counted, and cut where a fault says so.

A connection speaks to a real server over a socket of its own, but synchronously and one command at a time, also
within a burst or a MULTI: so each command has an index, and what happens is the same whenever it is played again.
"""

import asyncio
import socket
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any, NamedTuple, Protocol
from unittest.mock import patch

import hiredis
import redis.asyncio.connection
import redis.connection
from redis._parsers.base import BaseParser
from redis.exceptions import ConnectionError, ResponseError

from points.witness import Witness

#: Commands after which a blocked read looks again.
_STIRRING = frozenset({b"EVALSHA", b"EXEC", b"XADD", b"XCLAIM"})

#: Who sets the stage: never cut, never counted.
STAGEHAND = "stagehand"


class Mode(StrEnum):
    """What happens at a command."""

    DIE_BEFORE = "dies before it"
    DIE_AFTER = "dies before the reply"
    DROP_BEFORE = "loses the connection before it"
    DROP_AFTER = "loses the reply"
    STOP = "is asked to stop"

    @property
    def kills(self) -> bool:
        return self in (Mode.DIE_BEFORE, Mode.DIE_AFTER)

    @property
    def before(self) -> bool:
        return self in (Mode.DIE_BEFORE, Mode.DROP_BEFORE)

    @property
    def after(self) -> bool:
        return self in (Mode.DIE_AFTER, Mode.DROP_AFTER)


class Fault(NamedTuple):
    """A crash point: at its so-manieth command, counted from 1, this happens to an actor."""

    actor: str
    index: int
    mode: Mode


class Step(NamedTuple):
    """A command that an actor sent. `last` tells the last one of a burst: what is lost after any other one is
    what is lost before the next."""

    actor: str
    index: int
    name: str
    last: bool


class Killed(BaseException):
    """The process of this actor is no more. No `except Exception` keeps it alive."""


@dataclass
class Wire:
    """What all connections share.

    Attributes:
        password: of the server, or "".
        on_sent: told the name of each command that Redis has executed.
        power: fails at its command, for everybody.
        faults: at which commands something happens.
        dead: actors that are no more.
        journal: all commands so far.
    """

    path: str
    password: str = ""
    on_sent: Callable[[str], None] = lambda _: None
    power: "Power | None" = None
    powered: int = 0
    faults: Sequence[Fault] = ()
    draws: Random = field(default_factory=lambda: Random(0))
    dead: set[str] = field(default_factory=set)
    journal: list[Step] = field(default_factory=list)
    struck: set[Fault] = field(default_factory=set)
    witness: Witness = field(default_factory=Witness)
    on_death: Callable[[str], None] = lambda _: None
    on_stop: Callable[[str], None] = lambda _: None
    on_power: Callable[[], None] = lambda: None
    _lines: list["Line"] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)
    _waiting: list["asyncio.Future[None]"] = field(default_factory=list)

    def begin(self, faults: Sequence[Fault], seed: int) -> None:
        """Forget everything for a new play."""
        self.faults, self.draws = faults, Random(seed)
        self.dead, self.journal, self.struck, self.witness = set(), [], set(), Witness()
        self._counts, self._waiting = Counter(), []

    def check(self, actor: str) -> None:
        """Raise Killed for one that is no more."""
        if actor in self.dead:
            raise Killed(actor)

    def exchange(self, actor: str, line: "Line", words: list[bytes], last: bool) -> Any:
        """Send one command and return its reply, unless the actor is struck."""
        if actor == STAGEHAND:
            return line.exchange(words)
        mode = self.announce(actor, line, words, last)
        reply = self.send(line, words)
        self.conclude(actor, line, mode)
        return reply

    def announce(self, actor: str, line: "Line", words: list[bytes], last: bool) -> Mode | None:
        """Count a command that is about to be sent. Raises where a fault comes before it; else tells which comes after."""
        self.check(actor)
        self._counts[actor] += 1
        index = self._counts[actor]
        self.journal.append(Step(actor, index, self.witness.name_of(words), last))
        mode = next((fault.mode for fault in self.faults if fault[:2] == (actor, index)), None)
        if mode is not None:
            self.struck.add(Fault(actor, index, mode))
            if mode.before:
                self._strike(actor, line, mode)
            if mode is Mode.STOP and words[0] != b"XREADGROUP":
                self.on_stop(actor)
        return mode

    def conclude(self, actor: str, line: "Line", mode: Mode | None) -> None:
        """Raise where a fault comes after a command that Redis has executed."""
        self.check(actor)
        if mode is not None and mode.after:
            self._strike(actor, line, mode)

    def _strike(self, actor: str, line: "Line", mode: Mode) -> None:
        line.close()
        if mode.kills:
            self.kill(actor)
            raise Killed(actor)
        raise ConnectionError(f"{actor} {mode}")

    def kill(self, actor: str) -> None:
        """An actor is no more: nothing it sends from now on arrives."""
        self.dead.add(actor)
        self.on_death(actor)

    def send(self, line: "Line", words: list[bytes]) -> Any:
        """Let Redis execute a command, and see what comes of it."""
        reply = line.exchange(words)
        if self.power is not None and self.power.sent():
            # Nobody heard the reply, and what it told may never have been.
            self.powered += 1
            self.on_power()
            raise ConnectionError("the power failed")
        self.witness.note(words, reply)
        self.on_sent(self.witness.name_of(words))
        if words[0].upper() in _STIRRING:
            waiting, self._waiting = self._waiting, []
            for future in waiting:
                if not future.done():
                    future.set_result(None)
        return reply

    def open_line(self) -> "Line":
        """Open a socket; it is closed with the wire, if nobody does it before."""
        line = Line(self.path, self.password)
        self._lines.append(line)
        return line

    def close(self) -> None:
        """The play is over."""
        for line in self._lines:
            line.close()

    async def stirred(self, seconds: float) -> None:
        """Wait until somebody has changed something, but no longer than so many virtual seconds."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            return

    async def give_way(self) -> None:
        """Others may come first: by the seed of the play."""
        for _ in range(self.draws.choice((0, 0, 1, 2, 5))):
            await asyncio.sleep(0)


class Power(Protocol):
    """What can fail for everybody."""

    def sent(self) -> bool:
        """A command was executed. True when the power fails before its reply arrives; Redis is back by then."""


class Line:
    """A socket to the server."""

    def __init__(self, path: str, password: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(20)
        self._socket.connect(path)
        self._reader = hiredis.Reader(replyError=_error)
        if password:
            self.exchange([b"AUTH", password.encode()])

    def exchange(self, words: Sequence[bytes]) -> Any:
        """Send one command and return its reply.

        Raises:
            ConnectionError: the server that this line led to is gone.
        """
        try:
            self._socket.sendall(hiredis.pack_command(tuple(words)))
            while (reply := self._reader.gets()) is False:
                if not (found := self._socket.recv(65536)):
                    raise ConnectionError("the server is gone")
                self._reader.feed(found)
        except OSError as lost:
            raise ConnectionError(f"the server is gone: {lost}") from None
        return reply

    def close(self) -> None:
        self._socket.close()


class _Counted:
    """What the two faces of a connection have in common."""

    wire: Wire
    client_name: str | None
    _line: Line | None = None
    #: Which life of the server this leads to: who sets the stage outlives all of them.
    _since = 0
    _replies: "deque[Any]"

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
            await self.wire.stirred(left)
            self.wire.check(self._actor)
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
    if words[0] != b"XREADGROUP":
        return None
    if b"BLOCK" not in words[: words.index(b"STREAMS")]:
        return 0.0
    at = words.index(b"BLOCK")
    wait_ms = int(words[at + 1])
    del words[at : at + 2]
    return wait_ms / 1000


def _error(text: str) -> Exception:
    return BaseParser.parse_error(text)
