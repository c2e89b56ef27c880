"""Reports on their way: what is sent, and which delivery it ends."""

import msgspec

from exosphere_core import records
from exosphere_core.ids import shard_of_ours
from exosphere_core.keys import ShardKeys, shard_keys
from exosphere_core.records import Body, Kind, ReportField, encode
from exosphere_core.store.handovers import unreadable_body
from exosphere_core.store.streams import Entry
from exosphere_worker.held import Held
from exosphere_worker.outcome import Failed, Outcome, Pruned, Released, Requeued, Succeeded

_KIND, _HOME, _STATE, _ATTEMPT, _BODY, _BY, _RAN, _ = (field.value for field in ReportField)

#: What a report takes in memory beside its body, in bytes.
_OVERHEAD_BYTES = 600


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """A report, and the delivery that it ends.

    Attributes:
        queue: the shard whose ready stream the delivery came from, and whose report stream gets the report.
        by: name of this runtime, where it executed the node.
        ran: for how long, in ms; "" when it did not.
    """

    queue: ShardKeys
    node: str
    entry: str
    kind: Kind
    home: str
    state: str
    attempt: str
    body: bytes
    by: str = ""
    ran: str = ""

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return len(self.body) + _OVERHEAD_BYTES

    @property
    def words(self) -> tuple[str | bytes, ...]:
        """The names and values of the report's entry, in turn."""
        words: tuple[str | bytes, ...] = (
            _KIND, self.kind, _HOME, self.home, _STATE, self.state, _ATTEMPT, self.attempt, _BODY, self.body,
        )  # fmt: skip
        if self.by:
            words += (_BY, self.by)
        if self.ran:
            words += (_RAN, self.ran)
        return words


def report_of(outcome: Outcome, max_bytes: int | None = None) -> tuple[Kind, bytes]:
    """Spell an outcome as kind and body of a report.

    Args:
        max_bytes: what is larger is a failure: Redis and the state managers are to be spared of it.
    """
    kind, body = _spelled(outcome)
    if max_bytes is not None and len(body) > max_bytes:
        what = "data of the prune signal is" if kind is Kind.PRUNED else "outputs and store writes are"
        error = f"the {what} {len(body)} bytes of JSON; the limit is {max_bytes} (EXOSPHERE_MAX_REPORT_BYTES of the state manager)"
        return Kind.FAILED, encode(records.Failed(error, retryable=False))
    return kind, body


def _spelled(outcome: Outcome) -> tuple[Kind, bytes]:
    body: Body
    if isinstance(outcome, Succeeded):
        kind = Kind.EXECUTED
        body = records.Executed(outcome.outputs, outcome.fanned_out, outcome.store)
    elif isinstance(outcome, Failed):
        kind, body = Kind.FAILED, records.Failed(outcome.error, outcome.retryable)
    elif isinstance(outcome, Pruned):
        return Kind.PRUNED, encode({"data": outcome.data})
    elif isinstance(outcome, Requeued):
        kind, body = Kind.REQUEUED, records.Requeued(outcome.delay_ms)
    else:
        return Kind.RELEASED, b"{}"
    return kind, encode(body)


def report_on(held: Held, outcome: Outcome, max_bytes: int | None = None, consumer: str = "") -> Outgoing:
    """Return the report of what came of a delivery. For `max_bytes` see `report_of`.

    Args:
        consumer: name of this runtime.
    """
    task = held.task
    queue = shard_keys(task.namespace, shard_of_ours(task.run))
    kind, body = report_of(outcome, max_bytes)
    by, ran = consumer, "" if held.ran_s is None else str(round(held.ran_s * 1000))
    # What is given back was not executed to its end.
    if isinstance(outcome, Released):
        by = ran = ""
    return Outgoing(queue, task.node, held.entry, kind, task.home, held.state, held.attempt, body, by, ran)


def report_unreadable(queue: ShardKeys, node: str, entry: Entry, reason: str) -> Outgoing:
    """Return the report of an entry that is no delivery: the state managers put it aside where an operator sees it."""
    body = unreadable_body(entry, reason)
    return Outgoing(queue, node, entry.id, Kind.UNREADABLE, queue.namespace, "", "0", body)
