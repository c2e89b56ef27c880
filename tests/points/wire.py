"""The one place where every command of every actor passes on its way to Redis: counted, and cut where a fault says so."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any, NamedTuple, Protocol

from redis.exceptions import ConnectionError

from points.line import Line
from points.witness import Witness

#: Commands after which a blocked read looks again.
_STIRRING = frozenset({b"EVALSHA", b"EXEC", b"XADD", b"XCLAIM"})

#: Commands that may wait in Redis.
BLOCKING = frozenset({b"XREADGROUP", b"XREAD"})

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


class Power(Protocol):
    """What can fail for everybody."""

    def sent(self, name: str) -> bool:
        """A command was executed. True when the power fails before its reply arrives; Redis is back by then."""


#: A due time as near as this, ms, is waited for by Redis' clock.
_TICKS_MS = 2


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
    power: Power | None = None
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
    _lines: list[Line] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)
    #: Blocked reads, and what Redis calls the connection of each, as far as it was asked.
    _waiting: dict["asyncio.Future[bool]", int | None] = field(default_factory=dict)

    def begin(self, faults: Sequence[Fault], seed: int) -> None:
        """Forget everything for a new play."""
        self.faults, self.draws = faults, Random(seed)
        self.dead, self.journal, self.struck, self.witness = set(), [], set(), Witness()
        self._counts, self._waiting = Counter(), {}

    def check(self, actor: str) -> None:
        """Raise Killed for one that is no more."""
        if actor in self.dead:
            raise Killed(actor)

    def exchange(self, actor: str, line: Line, words: list[bytes], last: bool) -> Any:
        """Send one command and return its reply, unless the actor is struck."""
        if actor == STAGEHAND:
            return line.exchange(words)
        mode = self.announce(actor, line, words, last)
        reply = self.send(line, words)
        self.conclude(actor, line, mode)
        return reply

    def announce(self, actor: str, line: Line, words: list[bytes], last: bool) -> Mode | None:
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
            if mode is Mode.STOP and words[0] not in BLOCKING:
                self.on_stop(actor)
        return mode

    def conclude(self, actor: str, line: Line, mode: Mode | None) -> None:
        """Raise where a fault comes after a command that Redis has executed."""
        self.check(actor)
        if mode is not None and mode.after:
            self._strike(actor, line, mode)

    def _strike(self, actor: str, line: Line, mode: Mode) -> None:
        line.close()
        if mode.kills:
            self.kill(actor)
            raise Killed(actor)
        raise ConnectionError(f"{actor} {mode}")

    def kill(self, actor: str) -> None:
        """An actor is no more: nothing it sends from now on arrives."""
        self.dead.add(actor)
        self.on_death(actor)

    def send(self, line: Line, words: list[bytes]) -> Any:
        """Let Redis execute a command, and see what comes of it."""
        reply = line.exchange(words)
        while self.witness.name_of(words) == "promote" and isinstance(reply, int) and 0 < reply <= _TICKS_MS:
            # Not due yet, and nothing was changed. How often an actor asks for the last ms depends on the machine.
            time.sleep(reply / 1000)
            reply = line.exchange(words)
        if self.power is not None and self.power.sent(self.witness.name_of(words)):
            # Nobody heard the reply, and what it told may never have been.
            self.powered += 1
            self.on_power()
            raise ConnectionError("the power failed")
        self.witness.note(words, reply)
        self.on_sent(self.witness.name_of(words))
        if words[0].upper() in _STIRRING:
            self._wake(list(self._waiting), unblocked=False)
        elif words[:2] == [b"CLIENT", b"UNBLOCK"]:
            self._wake([future for future, client in self._waiting.items() if client == int(words[2])], unblocked=True)
        return reply

    def _wake(self, futures: Sequence["asyncio.Future[bool]"], *, unblocked: bool) -> None:
        for future in futures:
            del self._waiting[future]
            if not future.done():
                future.set_result(unblocked)

    def open_line(self) -> Line:
        """Open a socket; it is closed with the wire, if nobody does it before."""
        line = Line(self.path, self.password)
        self._lines.append(line)
        return line

    def close(self) -> None:
        """The play is over."""
        for line in self._lines:
            line.close()

    async def stirred(self, seconds: float, client: int | None) -> bool:
        """Wait until somebody has changed something, but no longer than so many virtual seconds.

        Args:
            client: what Redis calls the connection that waits, if it was asked.

        Returns:
            Whether somebody asked Redis to end the wait.
        """
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[future] = client
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            return False
        finally:
            self._waiting.pop(future, None)

    async def give_way(self) -> None:
        """Others may come first: by the seed of the play."""
        for _ in range(self.draws.choice((0, 0, 1, 2, 5))):
            await asyncio.sleep(0)
