"""The deliveries that this runtime holds, from the moment they are read until their report is in Redis."""

import asyncio
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec

from exosphere_core.keys import ShardKeys
from exosphere_core.logs import About
from exosphere_core.records import ReadyField, Task, decode_task
from exosphere_core.store.streams import Entry
from exosphere_worker.clock import elapsed_s

_STATE, _ATTEMPT, _TASK, _INPUTS = (name.value.encode() for name in ReadyField)


class Held(msgspec.Struct, eq=False):
    """One delivery."""

    stream: str
    entry: str
    state: str
    attempt: str
    task: Task
    inputs: bytes
    #: When the lease began or was renewed at the earliest, on `clock.elapsed_s`: as its command was sent.
    renewed_at: float
    #: The node's execution, once it began.
    running: "asyncio.Task[None] | None" = None
    #: The lease was lost: another delivery of the state is current, or will be.
    lost: bool = False
    #: When the node's execution began, monotonic, in s.
    began_at: float | None = None
    #: How long it took, in s, once it has returned.
    ran_s: float | None = None
    #: Its outcome is with the reporter.
    ended: bool = False

    @property
    def ready_ms(self) -> int:
        """When it became ready, unix ms by the clock of Redis."""
        return int(self.entry.partition("-")[0])

    def about(self) -> About:
        """What a line of the log about it carries."""
        task = self.task
        return About(task.run, self.state, task.node, self.attempt, task.namespace)

    def in_doubt(self, lease_s: float) -> bool:
        """Whether the lease may have run out."""
        return elapsed_s() - self.renewed_at > lease_s


def read_delivery(entry: Entry, read_at: float | None = None) -> Held:
    """Read an entry of a ready stream.

    Args:
        read_at: when its read was sent, on `clock.elapsed_s`; None for now.

    Raises:
        KeyError, ValueError: it is none of ours.
    """
    fields = entry.fields
    return Held(
        stream=entry.stream,
        entry=entry.id,
        state=fields[_STATE].decode(),
        attempt=fields[_ATTEMPT].decode(),
        task=decode_task(fields[_TASK]),
        inputs=fields[_INPUTS],
        renewed_at=elapsed_s() if read_at is None else read_at,
    )


class NoDelivery(Exception):
    """An entry of a ready stream that its runtime can't execute; the text says why."""


def read_own_delivery(entry: Entry, queue: ShardKeys, node: str, read_at: float | None = None) -> Held:
    """Read an entry of the ready stream of a node.

    Raises:
        NoDelivery: it is none, or one of another node.
    """
    try:
        held = read_delivery(entry, read_at)
    except KeyError as missing:
        raise NoDelivery(f"field {missing.args[0].decode()} is missing") from None
    except ValueError as bad:
        raise NoDelivery(str(bad)) from None
    task = held.task
    if (task.namespace, task.node) != (queue.namespace, node):
        raise NoDelivery(f"it is of node {task.node} of namespace {task.namespace}")
    return held


#: How many deliveries are remembered whose lease was given up: they leave Redis within a lease.
_REMEMBERED = 10_000


@dataclass(slots=True)
class Holdings:
    """All deliveries held. Read by the heartbeat's thread, so every access takes the lock."""

    _held: dict[tuple[str, str], Held] = field(default_factory=dict)
    _given_up: dict[tuple[str, str], None] = field(default_factory=dict)
    _gone: set[tuple[str, str]] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, held: Held) -> bool:
        """Hold a delivery. False when it is held already, as it was read again after a fault, or its lease was given up."""
        with self._lock:
            key = (held.stream, held.entry)
            before = self._held.get(key)
            # One whose lease was lost is on its way out: this is another delivery of the entry, by a group made anew.
            if key in self._given_up or (before is not None and not before.lost):
                return False
            self._held[key] = held
            return True

    def remove(self, held: Held) -> None:
        """Hold it no longer."""
        with self._lock:
            if self._held.get((held.stream, held.entry)) is held:
                del self._held[held.stream, held.entry]
            if self._gone is not None:
                self._gone.add((held.stream, held.entry))

    @contextmanager
    def noting_removals(self) -> Iterator[set[tuple[str, str]]]:
        """Give the set of (stream, entry id) of what is removed meanwhile.

        For whoever reads the pending entries: their reports may be applied while the reply is on its way.
        """
        gone: set[tuple[str, str]] = set()
        with self._lock:
            self._gone = gone
        try:
            yield gone
        finally:
            with self._lock:
                self._gone = None

    def get(self, stream: str, entry: str) -> Held | None:
        """Return what is held under a stream and entry id."""
        with self._lock:
            return self._held.get((stream, entry))

    def by_stream(self) -> dict[str, list[str]]:
        """Ids of the entries whose lease is to be renewed, by stream."""
        found: dict[str, list[str]] = {}
        with self._lock:
            for (stream, entry), held in self._held.items():
                if not held.lost:
                    found.setdefault(stream, []).append(entry)
        return found

    def renewed(self, stream: str, entries: Iterable[str], at: float) -> None:
        """Note that leases began anew at a moment, or a little later."""
        with self._lock:
            for entry in entries:
                if held := self._held.get((stream, entry)):
                    held.renewed_at = at

    def give_up(self) -> list[Held]:
        """Let go of the leases of all that is held, for good, and return it: nothing of it is reported from now on."""
        with self._lock:
            given_up = [held for held in self._held.values() if not held.lost]
            for held in given_up:
                held.lost = True
                self._given_up[held.stream, held.entry] = None
            while len(self._given_up) > _REMEMBERED:
                del self._given_up[next(iter(self._given_up))]
            return given_up

    def all(self) -> list[Held]:
        """All that is held now."""
        with self._lock:
            return list(self._held.values())

    def __len__(self) -> int:
        return len(self._held)
