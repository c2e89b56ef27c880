"""Reports that come by HTTP: from runtimes whose own Redis commands are refused for want of memory."""

from collections.abc import Sequence
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from exosphere_core.keys import ShardKeys
from exosphere_core.store.calls import Call, apply_all


@dataclass(frozen=True, slots=True)
class HandOver:
    """A report, and the delivery that it ends.

    Attributes:
        queue: the shard whose ready stream the delivery came from, and whose report stream gets the report.
        node: name of the node.
        entry: id of the entry of the ready stream.
        kind, home, state, attempt, body: the fields of the report; see `records.ReportField`.
    """

    queue: ShardKeys
    node: str
    entry: str
    kind: str
    home: str
    state: str
    attempt: str
    body: bytes

    def call(self) -> Call:
        """The move as a value."""
        return Call(
            "hand_over",
            [self.queue.reports, self.queue.ready(self.node)],
            [self.entry, self.kind, self.home, self.state, self.attempt, self.body],
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
