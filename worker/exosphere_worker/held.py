"""The deliveries that this runtime holds, from the moment they are read until their report is in Redis."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from exosphere_core.records import ReadyField, Task, decode_task
from exosphere_core.store.streams import Entry

_STATE, _ATTEMPT, _TASK, _INPUTS = (name.value.encode() for name in ReadyField)


@dataclass(slots=True, eq=False)
class Held:
    """One delivery."""

    stream: str
    entry: str
    state: str
    attempt: str
    task: Task
    inputs: bytes
    #: The node's execution, once it began.
    running: "asyncio.Task[None] | None" = None
    #: The lease was lost: another delivery of the state is current, or will be.
    lost: bool = False
    #: Its outcome is with the reporter.
    ended: bool = False


def read_delivery(entry: Entry) -> Held:
    """Read an entry of a ready stream.

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
    )


@dataclass(slots=True)
class Holdings:
    """All deliveries held. Read by the heartbeat's thread, so every access takes the lock."""

    _held: dict[tuple[str, str], Held] = field(default_factory=dict)
    _gone: set[tuple[str, str]] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, held: Held) -> bool:
        """Hold a delivery. False when it is held already: it was read again after a fault."""
        with self._lock:
            key = (held.stream, held.entry)
            if key in self._held:
                return False
            self._held[key] = held
            return True

    def remove(self, held: Held) -> None:
        """Hold it no longer."""
        with self._lock:
            self._held.pop((held.stream, held.entry), None)
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
        """Ids of the entries held, by stream."""
        found: dict[str, list[str]] = {}
        with self._lock:
            for stream, entry in self._held:
                found.setdefault(stream, []).append(entry)
        return found

    def all(self) -> list[Held]:
        """All that is held now."""
        with self._lock:
            return list(self._held.values())

    def __len__(self) -> int:
        return len(self._held)
