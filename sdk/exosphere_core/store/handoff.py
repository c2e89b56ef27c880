"""Handing states to another namespace's queue, which is in another slot: reading the outbox, and the moves on both sides.

An entry stays on the outbox until its own shard has noted where it was queued, and the other shard knows what it
has queued. So each step may be repeated, by whomever, and a crash between two of them loses and doubles nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from exosphere_core.handoff import entry_away
from exosphere_core.keys import ShardKeys, shard_keys
from exosphere_core.records import ReadyField, StateField, Task, decode_task
from exosphere_core.states import Status
from exosphere_core.store.burst import burst
from exosphere_core.store.calls import Arg, Call
from exosphere_core.store.streams import Entry

_STATE, _ATTEMPT, _TASK, _INPUTS = (name.value.encode() for name in ReadyField)


class OutboxEntry(NamedTuple):
    """A state on its way to another namespace's queue."""

    id: str
    task: Task
    #: State, attempt, task and inputs, as they are to stand in the queue.
    fields: tuple[bytes, bytes, bytes, bytes]

    @property
    def state(self) -> str:
        """Id of the state."""
        return self.fields[0].decode()

    @property
    def attempt(self) -> str:
        """Its attempt number."""
        return self.fields[1].decode()


def read_outbox_entry(entry: Entry) -> OutboxEntry | None:
    """Read an entry of an outbox; None when it is no state."""
    words = entry.fields
    try:
        fields = (words[_STATE], words[_ATTEMPT], words[_TASK], words[_INPUTS])
        return OutboxEntry(entry.id, decode_task(fields[2]), fields)
    except (KeyError, ValueError, msgspec.DecodeError):
        return None


async def read_outbox(redis: "Redis", home: ShardKeys, after: str, count: int, block_ms: int | None) -> list[Entry]:
    """Read the outbox behind an entry, the oldest first; wait up to `block_ms` for the first, or not at all.

    Args:
        after: id of an entry; "0" for the start.
    """
    block = () if block_ms is None else ("BLOCK", block_ms)
    command = ("XREAD", "COUNT", count, *block, "STREAMS", home.outbox, after)
    (reply,) = await burst(redis, [command], (block_ms or 0) / 1000)
    if isinstance(reply, ResponseError):
        raise reply
    return [
        Entry(home.outbox, entry_id.decode(), dict(zip(words[::2], words[1::2], strict=True)))
        for _, entries in reply or ()
        for entry_id, words in entries
    ]


async def read_away(redis: "Redis", home: ShardKeys, states: Sequence[tuple[str, Task]]) -> dict[str, list[str]]:
    """Tell where states of a run stand in other namespaces' queues: ready stream → entry ids."""
    foreign = [(state, task) for state, task in states if task.namespace != home.namespace]
    if not foreign:
        return {}
    found: dict[str, list[str]] = {}
    replies = await burst(redis, [("HGET", home.state(state), StateField.ENTRY) for state, _ in foreign])
    for (_, task), reply in zip(foreign, replies, strict=True):
        if isinstance(reply, ResponseError):
            raise reply
        if reply and (entry := entry_away(reply.decode())):
            found.setdefault(shard_keys(task.namespace, home.shard).ready(task.node), []).append(entry)
    return found


async def read_deliveries(redis: "Redis", states: Sequence[tuple[ShardKeys, str]]) -> list[tuple[str, str, str]]:
    """Read status, attempt and entry of states of any namespaces; empty where there is none."""
    fields = (StateField.STATUS, StateField.ATTEMPT, StateField.ENTRY)
    found: list[tuple[str, str, str]] = []
    for reply in await burst(redis, [("HMGET", home.state(state), *fields) for home, state in states]):
        if isinstance(reply, ResponseError):
            raise reply
        status, attempt, entry = ((value or b"").decode(errors="replace") for value in reply)
        found.append((status, attempt, entry))
    return found


async def read_carried(redis: "Redis", source: ShardKeys, targets: Sequence[ShardKeys]) -> list[str]:
    """Read up to which entries an outbox came to some namespaces, where anything did."""
    name = _outbox_name(source)
    replies = await burst(redis, [("HGET", target.arrivals, name) for target in targets])
    for reply in replies:
        if isinstance(reply, ResponseError):
            raise reply
    return [reply.decode(errors="replace") for reply in replies if reply]


async def read_ended(redis: "Redis", home: ShardKeys, entries: Sequence[OutboxEntry]) -> set[str]:
    """Tell which entries of the outbox, by id, are of states that have ended or have another attempt now."""
    commands = [("HMGET", home.state(entry.state), StateField.STATUS, StateField.ATTEMPT) for entry in entries]
    ended: set[str] = set()
    for entry, reply in zip(entries, await burst(redis, commands), strict=True):
        if isinstance(reply, ResponseError):
            raise reply
        if reply != [Status.CREATED.encode(), entry.attempt.encode()]:
            ended.add(entry.id)
    return ended


async def read_queued(redis: "Redis", source: ShardKeys, target: ShardKeys) -> dict[str, str]:
    """Tell where the newest entries of an outbox stand in the queues of another namespace: id there by id on the outbox."""
    (reply,) = await burst(redis, [("HGET", target.arrivals, f"{_outbox_name(source)}/entries")])
    if isinstance(reply, ResponseError):
        raise reply
    return dict(word.split("=") for word in (reply or b"").decode().split())


def deliver(source: ShardKeys, target: ShardKeys, entries: Sequence[OutboxEntry]) -> Call:
    """Queue states of another namespace's runs, in the order of their outbox; all of them for nodes of `target`."""
    keys = [target.arrivals, *(target.ready(entry.task.node) for entry in entries)]
    words: list[Arg] = [word for entry in entries for word in (entry.id, *entry.fields)]
    return Call("deliver", keys, [_outbox_name(source), *words])


def delivered(home: ShardKeys, entry: OutboxEntry, ready: str) -> Call:
    """Note where a state was queued, and take it off the outbox. One that is not current any more stays there until it
    was taken off the other queue, if it is known where it is there.

    Args:
        ready: id of its entry in the other namespace's queue; empty when another courier was told it.
    """
    return Call("delivered", [home.state(entry.state), home.outbox], [entry.id, entry.attempt, ready])


async def drop(redis: "Redis", home: ShardKeys, entries: Sequence[str]) -> None:
    """Take entries off the outbox, by id, whose states ended on the way and are in no queue any more."""
    if entries:
        await redis.xdel(home.outbox, *entries)


def recall(home: ShardKeys, task: Task, state: str, attempt: str, max_lost: int, failed: bytes) -> Call:
    """Take a state back from a runtime of another namespace; its entry there is acknowledged afterwards."""
    keys = [home.state(state), home.outbox, home.inbox, home.events(task.run)]
    return Call("recall", keys, [state, attempt, max_lost, failed, task.home, task.namespace, task.identifier])


def _outbox_name(source: ShardKeys) -> str:
    return f"{source.namespace}:{source.shard}"
