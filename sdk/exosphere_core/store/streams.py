"""The streams: ready states to the runtimes, reports to the state managers."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from exosphere_core.keys import RUNTIMES_GROUP, STATE_MANAGERS_GROUP
from exosphere_core.store.blocking_cluster import BlockingCluster, send_to
from exosphere_core.store.burst import Command, burst, transaction, transaction_parts
from exosphere_core.store.calls import Call, apply
from exosphere_core.store.corrupt import is_wrong_type

#: The consumer that holds what a state manager handed back, until another one takes it.
NOBODY = "handed-back"

#: How many reports one step hands back.
_HANDED_BACK = 500

#: Fields of an entry, as Redis gives them.
Fields = Mapping[bytes, bytes]


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One entry of a stream."""

    stream: str
    id: str
    #: Empty when the entry was deleted while it was pending.
    fields: Fields

    @property
    def place(self) -> tuple[str, str]:
        """Its stream and its id."""
        return self.stream, self.id


class Pending(NamedTuple):
    """An entry that was delivered and not acknowledged."""

    id: str
    consumer: str
    #: How often it was delivered, or the number that its owner's heartbeat set.
    beats: int


#: So many entries are deleted by one command, which takes about half a ms.
_TRIMMED = 4096

#: No entry that a consumer holds follows on this one.
_LAST_ID = "18446744073709551615-0"


async def read_new(
    redis: "Redis", group: str, consumer: str, streams: Sequence[str], count: int, block_ms: int | None
) -> list[Entry]:
    """Take entries that nobody has; wait up to `block_ms` for the first, or not at all when it is None."""
    return await _read(redis, group, consumer, dict.fromkeys(streams, ">"), count, block_ms)


async def read_own(redis: "Redis", group: str, consumer: str, stream: str, after: str, count: int) -> list[Entry]:
    """Read entries that this consumer holds already: those whose delivery reply was lost are among them."""
    return await _read(redis, group, consumer, {stream: after}, count, None)


async def be_heard(redis: "Redis", group: str, consumer: str, streams: Sequence[str]) -> None:
    """Have the streams note that this consumer is there: before Redis 7.2 a read that brings nothing new does not."""
    await _read(redis, group, consumer, dict.fromkeys(streams, _LAST_ID), 1, None)


async def _read(
    redis: "Redis", group: str, consumer: str, streams: dict[str, str], count: int, block_ms: int | None
) -> list[Entry]:
    block = () if block_ms is None else ("BLOCK", block_ms)
    command = ("XREADGROUP", "GROUP", group, consumer, "COUNT", count, *block, "STREAMS", *streams, *streams.values())
    (reply,) = await burst(redis, [command], (block_ms or 0) / 1000)
    if isinstance(reply, ResponseError):
        raise reply
    return [
        Entry(name, entry_id.decode(), dict(zip(words[::2], words[1::2], strict=True)) if words else {})
        for stream, entries in reply or ()
        for name in (stream.decode(),)
        for entry_id, words in entries
    ]


async def read_pending(redis: "Redis", streams: Sequence[str], group: str, limit: int) -> dict[str, list[Pending]]:
    """Read who holds what, for each key that is a stream; at most `limit` entries a stream, the oldest."""
    pipeline = redis.pipeline(transaction=False)
    for stream in streams:
        pipeline.xpending_range(stream, group, "-", "+", limit)
    replies = await pipeline.execute(raise_on_error=False)
    held: dict[str, list[Pending]] = {}
    for stream, reply in zip(streams, replies, strict=True):
        if isinstance(reply, ResponseError) and (str(reply).startswith("NOGROUP") or is_wrong_type(reply)):
            continue
        if isinstance(reply, Exception):
            raise reply
        held[stream] = [
            Pending(_text(item["message_id"]), _text(item["consumer"]), int(item["times_delivered"])) for item in reply
        ]
    return held


async def still_pending(redis: "Redis", entries: Sequence[Entry], group: str) -> set[tuple[str, str]]:
    """Tell which of the entries are delivered and not acknowledged, as pairs of stream and id."""
    replies = await burst(redis, [("XPENDING", entry.stream, group, entry.id, entry.id, 1) for entry in entries])
    held: set[tuple[str, str]] = set()
    for entry, reply in zip(entries, replies, strict=True):
        if isinstance(reply, ResponseError):
            raise reply
        if reply:
            held.add((entry.stream, entry.id))
    return held


async def read_entries(redis: "Redis", stream: str, ids: Sequence[str]) -> list[Entry]:
    """Read entries by their ids; a deleted one comes with no fields."""
    pipeline = redis.pipeline(transaction=False)
    for entry_id in ids:
        pipeline.xrange(stream, entry_id, entry_id)
    replies = await pipeline.execute()
    return [Entry(stream, entry_id, reply[0][1] if reply else {}) for entry_id, reply in zip(ids, replies, strict=True)]


async def acknowledge(redis: "Redis", stream: str, group: str, ids: Sequence[str]) -> None:
    """Take entries off a stream.

    No transaction: Redis refuses every part of one when memory is full. An entry that is acknowledged and not deleted is
    nobody's, and is swept off a report stream.
    """
    if ids:
        pipeline = redis.pipeline(transaction=False)
        pipeline.xack(stream, group, *ids)
        pipeline.xdel(stream, *ids)
        await pipeline.execute()


async def take_over(redis: "Redis", stream: str, consumer: str, idle_ms: int, count: int) -> list[Entry]:
    """Take reports that another state manager has held for too long.

    A clock that jumps can make this take a report from a living one; applying it twice changes nothing.
    """
    reply: Any = await redis.xautoclaim(stream, STATE_MANAGERS_GROUP, consumer, idle_ms, "0-0", count=count)
    return [Entry(stream, _text(entry_id), fields or {}) for entry_id, fields in reply[1] if entry_id is not None]


async def sweep(redis: "Redis", stream: str, group: str) -> None:
    """Delete acknowledged entries, as far as no pending one is older: trimming costs a tenth of deleting each.

    The order of the two looks makes it safe: what was delivered before the first and is not pending at the
    second is acknowledged, and what is delivered later has a higher id.
    """
    groups: Any = await redis.xinfo_groups(stream)
    for found in groups:
        if _text(found["name"]) == group:
            held: Any = await redis.xpending(stream, group)
            oldest = held["min"]
            last = _text(found["last-delivered-id"])
            await _trim(redis, stream, _text(oldest) if oldest else _after(last))


async def _trim(redis: "Redis", stream: str, minid: str) -> None:
    """Delete all entries below an id, some thousands at a time: what lay behind the report of a wide fan-out are as many as its branches.

    Redis takes a limit for the deletion of whole nodes of a stream only; the last one trims what is left of a node.
    """
    while await redis.xtrim(stream, minid=minid, approximate=True, limit=_TRIMMED):
        pass
    await redis.xtrim(stream, minid=minid, approximate=False)


def _after(entry_id: str) -> str:
    moment, _, number = entry_id.partition("-")
    return f"{moment}-{int(number) + 1}"


async def hand_back(redis: "Redis", stream: str, consumer: str, idle_ms: int) -> int:
    """Give what a state manager holds to nobody, as if it had been held for long, and take the state manager off the group.

    Args:
        idle_ms: how long it seems to have been held; whoever takes over what was held for less finds it at the next look.

    Returns:
        How many reports were handed back.
    """
    count = 0
    while True:
        page: Any = await redis.xpending_range(stream, STATE_MANAGERS_GROUP, "-", "+", _HANDED_BACK, consumer)
        ids: list[Any] = [item["message_id"] for item in page]
        if not ids:
            await apply(redis, Call("forget_consumer", [stream], [STATE_MANAGERS_GROUP, -1, consumer]))
            return count
        await redis.xclaim(stream, STATE_MANAGERS_GROUP, NOBODY, 0, ids, idle=idle_ms, justid=True)
        count += len(ids)


async def keep(redis: "Redis", stream: str, consumer: str, ids: Sequence[str]) -> None:
    """Show that reports which take long are still being applied."""
    if ids:
        await redis.xclaim(stream, STATE_MANAGERS_GROUP, consumer, 0, list(ids), justid=True)


async def send_reports(
    redis: "Redis",
    reports: Sequence[tuple[str, tuple[str | bytes, ...]]],
    done: Mapping[str, Sequence[str]],
) -> int:
    """Send reports and acknowledge the deliveries they end, all or nothing; on a cluster shard by shard.

    Args:
        reports: pairs of report stream and its entry's names and values, in turn.
        done: ready stream → entry ids. Acknowledged in the same step, so that an entry is always
            to be seen either in the pending list or as a report.

    Returns:
        When that was, unix ms by the clock of Redis.
    """
    commands: list[Command] = [("XADD", stream, "*", *words) for stream, words in reports]
    for stream, ids in done.items():
        commands.append(("XACK", stream, RUNTIMES_GROUP, *ids))
        commands.append(("XDEL", stream, *ids))
    # Shards of a cluster are in several slots; the streams of one shard are in one.
    parts = transaction_parts(redis, commands)
    if len(parts) == 1:
        replies = await transaction(redis, commands)
    else:
        sent = await asyncio.gather(*(transaction(redis, part) for part in parts), return_exceptions=True)
        for outcome in sent:
            if isinstance(outcome, BaseException):
                raise outcome
            replies = outcome
    # The first one is the id of an entry that was added: each part has a report.
    return int(replies[0].partition(b"-")[0])


def renew(
    redis: "BlockingRedis | BlockingCluster", consumer: str, beat: int, held: Mapping[str, Sequence[str]]
) -> set[str]:
    """Renew the lease of each entry, from the heartbeat's thread.

    Args:
        beat: a number that grows; whoever watches sees by it that the owner is alive.
        held: ready stream → ids of entries that this runtime knows it holds.

    Returns:
        The ids that are held no longer.
    """
    commands: list[Command] = [
        ("XCLAIM", stream, RUNTIMES_GROUP, consumer, 0, *ids, "RETRYCOUNT", beat, "JUSTID")
        for stream, ids in held.items()
    ]
    replies = redis.send(commands) if isinstance(redis, BlockingCluster) else send_to(redis, commands)
    lost: set[str] = set()
    fault: Exception | None = None
    for ids, reply in zip(held.values(), replies, strict=True):
        if not isinstance(reply, Exception):
            lost.update(set(ids) - {_text(entry_id) for entry_id in reply})
        elif str(reply).startswith("NOGROUP"):
            lost.update(ids)
        else:
            fault = reply
    if fault is not None:
        # What was lost elsewhere is found at the next beat: it stays lost.
        raise fault
    return lost


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


async def read_range(redis: "Redis", stream: str, low: str, count: int) -> list[Entry]:
    """Read a page of a stream's entries, from an id on ("-": the first; "(id": the one after it)."""
    return [Entry(stream, _text(entry_id), fields) for entry_id, fields in await redis.xrange(stream, low, "+", count)]


async def last_entry(redis: "Redis", stream: str) -> str:
    """The id of the newest entry that a stream ever had."""
    info: Any = await redis.xinfo_stream(stream)
    return _text(info["last-generated-id"])


async def is_applied(redis: "Redis", stream: str, group: str, mark: str) -> bool:
    """Whether every entry up to this id was delivered and acknowledged."""
    groups: Any = await redis.xinfo_groups(stream)
    for found in groups:
        if _text(found["name"]) == group:
            last = _text(found["last-delivered-id"])
            if _moment(last) < _moment(mark) and await redis.xrange(stream, f"({last}", mark, count=1):
                return False
            # Asked after: what is not pending now was acknowledged.
            held: Any = await redis.xpending(stream, group)
            return not held["min"] or _moment(_text(held["min"])) > _moment(mark)
    return False


def _moment(entry_id: str) -> tuple[int, int]:
    moment, _, number = entry_id.partition("-")
    return int(moment), int(number)
