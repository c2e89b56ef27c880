"""The lines that nodes write while they run: a stream beside each run, whose ids count them. The oldest go first."""

from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from exosphere_core.keys import ShardKeys
from exosphere_core.log_lines import Level, LineKind
from exosphere_core.records import Line, LineField, RunField, decode_line, encode
from exosphere_core.states import RunStatus
from exosphere_core.store.calls import Call, apply_all, recorded
from exosphere_core.store.connection import ask
from exosphere_core.store.corrupt import reading
from exosphere_core.store.faults import is_out_of_memory

#: How many lines one script adds: it stays below a ms.
_LINES = 100

#: How many lines one read brings, and how many one look through a run goes over.
_PAGE = 200
_MOST_LOOKED_AT = 5_000

_LINE = LineField.LINE.value.encode()


class NumberedLine(NamedTuple):
    """A line and its number in the run, from 1."""

    number: int
    line: Line


class LinePage(NamedTuple):
    """Some of the lines that were looked for."""

    lines: list[NumberedLine]
    #: How many between those asked for and the first that is there are kept no more.
    dropped: int
    #: Up to which number the lines were looked through.
    position: int
    #: Whether there was none behind it.
    at_end: bool


class Filter(NamedTuple):
    """Which lines are meant; None for all."""

    #: How the id of the state begins.
    state: str | None = None
    identifier: str | None = None
    levels: Set[Level] | None = None
    kinds: Set[LineKind] | None = None

    def takes(self, line: Line) -> bool:
        """Whether a line is meant."""
        return (
            (self.state is None or line.state.startswith(self.state))
            and (self.identifier is None or line.identifier == self.identifier)
            and (self.levels is None or line.level in self.levels)
            and (self.kinds is None or line.kind in self.kinds)
        )


async def add_lines(
    redis: "Redis", lines: Mapping[tuple[ShardKeys, str], Sequence[Line]], most_lines: int, most_bytes: int
) -> int:
    """Keep lines beside their runs, and return how many: none of a run that is gone, or while Redis' memory is full.

    Args:
        lines: by the shard and id of their run.
        most_lines, most_bytes: what a run keeps at the most.

    Raises:
        redis.exceptions.ResponseError: Redis refused some of it for another reason.
        redis.exceptions.ConnectionError, TimeoutError: nothing is known.
    """
    calls = [
        Call(
            "add_lines",
            [home.run(run), home.lines(run)],
            [most_lines, most_bytes, *(encode(line) for line in written[start : start + _LINES])],
        )
        for (home, run), written in lines.items()
        for start in range(0, len(written), _LINES)
    ]
    # Not to be kept for the case that Redis loses what it acknowledged: that would add them a second time.
    with recorded():
        replies = await apply_all(redis, calls)
    taken = 0
    for reply in replies:
        if not isinstance(reply, ResponseError):
            taken += int(reply)
        elif not is_out_of_memory(reply):
            raise reply
    return taken


async def read_lines(redis: "Redis", home: ShardKeys, run: str, after: int, limit: int, meant: Filter) -> LinePage:
    """Read lines in the order in which they came in: there may be fewer than `limit`, or none, although more follow.

    Args:
        after: number of the line before the first.

    Raises:
        CorruptRecord: there is something else among them.
    """
    key = home.lines(run)
    found: list[NumberedLine] = []
    position, dropped = after, 0
    while position < after + dropped + _MOST_LOOKED_AT:
        with reading(key):
            page = await ask(redis, "XRANGE", key, f"{position + 1}-0", "+", "COUNT", _PAGE)
            for entry_id, fields in page:
                number = int(entry_id.partition(b"-")[0])
                # What goes while this is read is missed, and told as well.
                dropped += number - position - 1
                position = number
                line = decode_line(fields[_LINE])
                if meant.takes(line):
                    found.append(NumberedLine(number, line))
                    if len(found) == limit:
                        return LinePage(found, dropped, position, at_end=False)
        if len(page) < _PAGE:
            return LinePage(found, dropped, position, at_end=True)
    return LinePage(found, dropped, position, at_end=False)


class Standing(NamedTuple):
    """How a run stands."""

    status: RunStatus
    #: Unix ms; None while it is pending.
    ended_at: int | None


async def read_standing(redis: "Redis", home: ShardKeys, run: str) -> Standing | None:
    """Read how a run stands; None when there is no such run."""
    with reading(home.run(run)):
        status, ended_at = await ask(redis, "HMGET", home.run(run), RunField.STATUS, RunField.ENDED_AT)
        return None if status is None else Standing(RunStatus(status.decode()), int(ended_at) if ended_at else None)
