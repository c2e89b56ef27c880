"""The dead-letter stream of a shard: what nobody can apply, with the reason, for an operator to look at."""

from collections.abc import Sequence
from typing import NamedTuple

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from exosphere_core.keys import ShardKeys
from exosphere_core.store.burst import burst, transaction
from exosphere_core.store.corrupt import reading
from exosphere_core.store.moves import KEPT_REJECTED


class Place(NamedTuple):
    """Where a rejected entry stands among those of all shards; a later one is greater."""

    moment: int
    number: int
    shard: int

    @classmethod
    def read(cls, text: str) -> "Place":
        """Read what `str` gives. Raises ValueError."""
        moment, number, shard = text.split("-")
        place = cls(int(moment), int(number), int(shard))
        if min(place) < 0 or max(place) >= 2**63:
            raise ValueError(f"{text!r} is no place")
        return place

    def __str__(self) -> str:
        return "-".join(map(str, self))


class Rejected(NamedTuple):
    """An entry that was put aside."""

    place: Place
    #: Id of the entry in the stream that it came from; of a state that waited for its time, the state's.
    entry: str
    reason: str
    #: As the entry has them, each cut to a sane length.
    fields: list[tuple[str, str]]


async def read_rejected(redis: "Redis", homes: Sequence[ShardKeys], before: Place | None, limit: int) -> list[Rejected]:
    """Read what was put aside, newest first, over all shards of a namespace.

    Args:
        before: only what stands before this place.
    """
    commands = [
        ("XREVRANGE", home.rejected, _newest(before, home.shard), "-", "COUNT", limit) for home in homes
    ]  # fmt: skip
    found: list[Rejected] = []
    for home, page in zip(homes, await burst(redis, commands), strict=True):
        with reading(home.rejected):
            if isinstance(page, ResponseError):
                raise page
            found += (_rejected(home.shard, entry_id, words) for entry_id, words in page)
    return sorted(found, key=lambda each: each.place, reverse=True)[:limit]


async def count_rejected(redis: "Redis", homes: Sequence[ShardKeys]) -> int:
    """Count what is kept of what was put aside, over all shards of a namespace."""
    counts = await burst(redis, [("XLEN", home.rejected) for home in homes])
    return sum(count for count in counts if isinstance(count, int))


async def put_due_aside(redis: "Redis", home: ShardKeys, state: str, reason: str) -> None:
    """Put a waiting state aside whose record can't be read, so that it is not looked at at every look for due times."""
    await transaction(
        redis,
        [
            ("XADD", home.rejected, "MAXLEN", "~", KEPT_REJECTED, "*", "report", state, "reason", reason, "due", state),
            ("ZREM", home.due, state),
        ],
    )


def _newest(before: Place | None, shard: int) -> str:
    """The greatest id of a shard's stream that is asked for."""
    if before is None:
        return "+"
    if not before.moment and not before.number:
        # Nothing can be before it, nor is there such an entry; Redis takes "(0-0" ill.
        return "0-0"
    return f"{'' if shard < before.shard else '('}{before.moment}-{before.number}"


def _rejected(shard: int, entry_id: bytes, words: Sequence[bytes]) -> Rejected:
    # The first two pairs are ours, whatever names the entry's own fields have.
    texts = [word.decode(errors="replace") for word in words]
    moment, _, number = entry_id.decode().partition("-")
    return Rejected(
        place=Place(int(moment), int(number), shard),
        entry=texts[1],
        reason=texts[3],
        fields=list(zip(texts[4::2], texts[5::2], strict=True)),
    )
