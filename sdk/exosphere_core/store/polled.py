"""Deliveries to clients that poll over HTTP: taken off the ready streams for them, held, and ended by what they report."""

from collections.abc import Sequence
from functools import partial
from typing import Literal, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from exosphere_core.handoff import entry_away
from exosphere_core.keys import HTTP_HOLDER, RUNTIMES_GROUP, ShardKeys
from exosphere_core.records import Kind, StateField, Task, decode_task
from exosphere_core.states import Status
from exosphere_core.store.burst import burst
from exosphere_core.store.calls import Call, apply
from exosphere_core.store.corrupt import Unreadable, read_reply
from exosphere_core.store.handovers import HandOver
from exosphere_core.store.streams import Entry

_FIELDS = (
    StateField.STATUS, StateField.ATTEMPT, StateField.TASK, StateField.ENTRY, StateField.DUE_AT, StateField.CREATED_AT,
)  # fmt: skip


async def take(redis: "Redis", ready: Sequence[str], consumer: str, count: int) -> list[Entry]:
    """Take entries that nobody has, without waiting for any: up to `count` in all. The streams are of one slot.

    Raises:
        redis.exceptions.ConnectionError, TimeoutError: some may be with `consumer` now.
    """
    return [
        Entry(ready[place - 1], entry.decode(), dict(zip(words[::2], words[1::2], strict=True)))
        for place, entries in await apply(redis, Call("take_ready", ready, [consumer, count]))
        for entry, words in entries
    ]


async def hold(redis: "Redis", entries: Sequence[Entry], consumer: str) -> list[Entry]:
    """Pass entries on to a consumer, and return those that were still there."""
    if not entries:
        return []
    by_stream: dict[str, list[str]] = {}
    for entry in entries:
        by_stream.setdefault(entry.stream, []).append(entry.id)
    replies = await burst(
        redis,
        [("XCLAIM", stream, RUNTIMES_GROUP, consumer, 0, *ids, "JUSTID") for stream, ids in by_stream.items()],
    )
    held: set[tuple[str, str]] = set()
    for stream, reply in zip(by_stream, replies, strict=True):
        if isinstance(reply, ResponseError):
            raise reply
        held.update((stream, entry.decode()) for entry in reply)
    return [entry for entry in entries if entry.place in held]


class Standing(NamedTuple):
    """Where a state stands, as its record says."""

    home: ShardKeys
    id: str
    #: As it is stored: CREATED where it may be QUEUED.
    status: Status
    attempt: str
    task: Task
    #: Id of its entry of the ready stream, or of another stream that leads there; "" while it has none.
    entry: str
    #: Whether that is one of the ready stream.
    is_queued: bool
    #: Unix ms; None while it does not wait for a time.
    due_at: int | None
    #: Unix ms.
    created_at: int

    @property
    def is_on_outbox(self) -> bool:
        """Whether it is still to be queued in the namespace of its node."""
        is_abroad = self.task.namespace != self.home.namespace
        return is_abroad and self.status is Status.CREATED and bool(self.entry) and not self.is_queued

    @property
    def queue(self) -> ShardKeys:
        """The shard that it is executed by."""
        return ShardKeys(self.task.namespace, self.home.shard)

    @property
    def ready(self) -> str:
        """The ready stream of its node."""
        return self.queue.ready(self.task.node)


async def read_standings(
    redis: "Redis", states: Sequence[tuple[ShardKeys, str]], unreadable: Unreadable | None = None
) -> list[Standing | None]:
    """Tell where states stand, in one round trip; None for one that does not exist.

    Args:
        unreadable: as `store.reads` has it.

    Raises:
        CorruptRecord: a record can't be read, and `unreadable` is not given.
    """
    if not states:
        return []
    replies = await burst(redis, [("HMGET", home.state(state), *_FIELDS) for home, state in states])
    return [
        read_reply(home.state(state), reply, partial(_standing, home, state), state, unreadable)
        for (home, state), reply in zip(states, replies, strict=True)
    ]


def _standing(home: ShardKeys, state: str, fields: "list[bytes | None]") -> Standing | None:
    status, attempt, raw_task, raw_entry, due_at, created_at = fields
    if status is None and raw_task is None:
        return None
    if status is None or attempt is None or raw_task is None or created_at is None:
        raise ValueError("status, attempt, task or created_at is missing")
    task = decode_task(raw_task)
    entry = raw_entry.decode() if raw_entry else ""
    away = entry_away(entry)
    # The first entry of a state that replays is on the report stream, whose ids are alike.
    is_queued = bool(away) if task.namespace != home.namespace else not (task.replays and attempt == b"1")
    return Standing(
        home=home,
        id=state,
        status=Status(status.decode()),
        attempt=attempt.decode(),
        task=task,
        entry=away or entry,
        is_queued=is_queued and bool(entry),
        due_at=None if due_at is None else int(due_at),
        created_at=int(created_at),
    )


async def hand_in(
    redis: "Redis", of: Standing, kind: Kind, body: bytes
) -> tuple[Literal["taken", "other", "gone"], HandOver]:
    """End a delivery that is held for a client that polls, with its report.

    Returns:
        "taken", or why nothing was changed: another kind of runtime holds it, or nobody does. And the report as one that may
        be handed over again, should Redis lose it.
    """
    report = HandOver(of.queue, of.ready, of.entry, kind, of.task.home, of.id, of.attempt, body)
    call = Call(
        "hand_in",
        [of.queue.reports, of.ready],
        [of.entry, HTTP_HOLDER, kind, of.task.home, of.id, of.attempt, body],
    )
    reply: bytes = await apply(redis, call)
    word = reply.decode()
    return ("taken" if word == "taken" else "other" if word == "other" else "gone"), report
