"""The consumer groups of the streams: made where they are missing, whoever misses them first."""

from collections.abc import Iterable

from redis.asyncio import Redis

from exosphere_core.keys import RUNTIMES_GROUP
from exosphere_core.store.calls import Call, apply_all
from exosphere_core.store.corrupt import reading
from exosphere_core.store.faults import ResponseError

#: What `make_group` returns when the stream was there, and its group was not.
_MADE_AGAIN = 2


async def ensure_groups(redis: "Redis", streams: Iterable[str], group: str) -> list[str]:
    """Make the consumer group on each stream, and the stream, where they do not exist.

    On a stream that exists, the runtimes' group begins after the newest entry: the group was there before, so an entry may be in
    the hands of a runtime, and handing it out again would make two deliveries of one attempt. The reconciler makes the states of
    these entries ready again under the next attempt. Any other group begins with the oldest entry: a report that is applied
    again changes nothing.

    Returns:
        The streams that were there without the group.
    """
    wanted = list(streams)
    start = "$" if group == RUNTIMES_GROUP else "0"
    replies = await apply_all(redis, [Call("make_group", [stream], [group, start]) for stream in wanted])
    for stream, reply in zip(wanted, replies, strict=True):
        if isinstance(reply, ResponseError):
            with reading(stream):
                raise reply
    return [stream for stream, reply in zip(wanted, replies, strict=True) if reply == _MADE_AGAIN]
