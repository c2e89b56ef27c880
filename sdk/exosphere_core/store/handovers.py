"""Reports that come by HTTP: from runtimes whose own Redis commands are refused for want of memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from exosphere_core.keys import ShardKeys
from exosphere_core.records import Unreadable, encode
from exosphere_core.store.calls import Call, apply_all
from exosphere_core.store.streams import Entry

#: How many fields of an entry that is no delivery are told, and how many bytes of each.
_TOLD_FIELDS: Final = 20
_TOLD_BYTES: Final = 200


@dataclass(frozen=True, slots=True)
class HandOver:
    """A report, and the delivery that it ends.

    Attributes:
        queue: the shard whose report stream gets the report.
        ready: the ready stream of that shard that the delivery came from.
        entry: id of the entry of the ready stream.
        kind, home, state, attempt, body, by, ran: the fields of the report; see `records.ReportField`.
    """

    queue: ShardKeys
    ready: str
    entry: str
    kind: str
    home: str
    state: str
    attempt: str
    body: bytes
    by: str = ""
    ran: str = ""

    def call(self) -> Call:
        """The move as a value."""
        return Call(
            "hand_over",
            [self.queue.reports, self.ready],
            [self.entry, self.kind, self.home, self.state, self.attempt, self.body, self.by, self.ran],
        )


async def hand_over(redis: "Redis", reports: Sequence[HandOver]) -> None:
    """Take reports over in order, each atomically. To do it again changes nothing: reports are fenced by their attempt.

    Raises:
        redis.exceptions.ResponseError: Redis refused one; others may have been taken over.
        redis.exceptions.ConnectionError, TimeoutError: nothing is known.
    """
    for reply in await apply_all(redis, [report.call() for report in reports]):
        if isinstance(reply, ResponseError):
            raise reply


def unreadable_body(entry: Entry, reason: str) -> bytes:
    """The body of the report that an entry of a ready stream is no delivery."""
    fields = {_told(name): _told(value) for name, value in list(entry.fields.items())[:_TOLD_FIELDS]}
    return encode(Unreadable(entry.stream, entry.id, reason, fields))


def _told(word: bytes) -> str:
    return word[:_TOLD_BYTES].decode(errors="backslashreplace")
