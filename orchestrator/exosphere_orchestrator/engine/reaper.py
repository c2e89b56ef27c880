"""Gives back what runtimes took and show no life for."""

import asyncio
from time import monotonic

from exosphere_core.keys import RUNTIMES_GROUP, ShardKeys
from exosphere_core.records import Failed, ReadyField, decode_task, encode
from exosphere_core.store import moves, streams
from exosphere_core.store.calls import apply_all
from exosphere_core.store.catalog import read_nodes
from exosphere_core.store.faults import ResponseError
from exosphere_core.store.handovers import unreadable
from exosphere_core.store.streams import Entry, Pending
from exosphere_orchestrator.engine.agent import Agent
from exosphere_orchestrator.engine.context import EngineContext, logger

#: A lease is looked at this many times while it lasts: a lost one is noticed within that part of it.
_LOOKS_PER_LEASE = 20

_LONGEST_LOOK_S = 1.5

#: The most deliveries of one node that are watched.
_MOST_WATCHED = 10_000

#: How often the list of nodes is read again, in s.
_NODES_AGE_S = 5.0


class Watch:
    """Judges leases by whether owner or beat moved during a full lease on our own monotonic clock.

    Pure but for the clock that is passed in. Idle times of the stream follow the host's wall clock and
    are not looked at: a clock that jumps would make every living lease look lost.
    """

    def __init__(self, lease_s: float) -> None:
        self._lease_s = lease_s
        self._seen: dict[tuple[str, str], tuple[str, int, float]] = {}

    def look(self, held: dict[str, list[Pending]], now: float) -> list[tuple[str, str]]:
        """Take note of who holds what, and return the (stream, entry id) pairs whose lease is lost."""
        seen: dict[tuple[str, str], tuple[str, int, float]] = {}
        lost: list[tuple[str, str]] = []
        for stream, entries in held.items():
            for entry in entries:
                key = (stream, entry.id)
                before = self._seen.get(key)
                if before is None or before[:2] != (entry.consumer, entry.beats):
                    seen[key] = (entry.consumer, entry.beats, now)
                else:
                    seen[key] = before
                    if now - before[2] >= self._lease_s:
                        lost.append(key)
        self._seen = seen
        return lost


class Reaper(Agent):
    """Watches the deliveries of one shard's nodes."""

    def __init__(self, context: EngineContext, queue: ShardKeys) -> None:
        super().__init__(context, f"reaper of {queue.namespace}:{queue.shard}")
        self._queue = queue
        self._watch = Watch(context.lease_ms / 1000)
        self._nodes: list[str] = []
        self._nodes_read = -_NODES_AGE_S

    async def run_once(self) -> None:
        if monotonic() - self._nodes_read >= _NODES_AGE_S:
            self._nodes = list(await read_nodes(self.context.redis, self._queue.namespace))
            self._nodes_read = monotonic()
        ready = [self._queue.ready(node) for node in self._nodes]
        if ready:
            held = await streams.read_pending(self.context.redis, ready, RUNTIMES_GROUP, _MOST_WATCHED)
            lost: dict[str, list[str]] = {}
            for stream, entry in self._watch.look(held, monotonic()):
                lost.setdefault(stream, []).append(entry)
            for stream, ids in lost.items():
                await self.reclaim(await streams.read_entries(self.context.redis, stream, ids))
        await asyncio.sleep(min(self.context.lease_ms / 1000 / _LOOKS_PER_LEASE, _LONGEST_LOOK_S))

    async def recover(self) -> None:
        """Nobody could show life while Redis was away: every lease begins anew."""
        self._watch = Watch(self.context.lease_ms / 1000)

    async def reclaim(self, entries: list[Entry]) -> None:
        """Give back deliveries whose lease is lost."""
        failed = encode(
            Failed(
                f"lost its worker {self.context.max_lost_leases} times: each time the worker showed no life "
                f"for {self.context.lease_ms} ms while it ran this state"
            )
        )
        whole = [entry for entry in entries if entry.fields]
        for entry in entries:
            if not entry.fields:
                await streams.acknowledge(self.context.redis, entry.stream, RUNTIMES_GROUP, [entry.id])
        calls = []
        for entry in whole:
            try:
                task = decode_task(entry.fields[ReadyField.TASK.encode()])
                state = entry.fields[ReadyField.STATE.encode()].decode()
                attempt = entry.fields[ReadyField.ATTEMPT.encode()].decode()
            except (KeyError, ValueError) as bad:
                # Somebody else's entry must not keep what is lost beside it from being given back.
                calls.append(unreadable(self._queue, entry, f"it is no state: {bad}").call())
                continue
            calls.append(
                moves.reclaim(
                    ShardKeys(task.home, self._queue.shard),
                    self._queue,
                    task,
                    state,
                    attempt,
                    entry.id,
                    self.context.max_lost_leases,
                    failed,
                )
            )
        for entry, reply in zip(whole, await apply_all(self.context.scripts, calls), strict=True):
            if isinstance(reply, ResponseError):
                raise reply
            word = "unreadable" if isinstance(reply, bytes) else reply[0].decode()
            self.context.counts[word] += 1
            logger.warning("lease of %s in %s was lost: %s", entry.id, entry.stream, word)
