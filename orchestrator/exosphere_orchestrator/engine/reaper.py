"""Gives back what runtimes took and show no life for."""

import asyncio
from time import monotonic

from exosphere_core.keys import HTTP_HOLDER, RUNTIMES_GROUP, ShardKeys, shard_keys
from exosphere_core.logs import About
from exosphere_core.records import Failed, encode
from exosphere_core.store import handoff, moves, streams
from exosphere_core.store.calls import Call, apply_all
from exosphere_core.store.catalog import read_node_names
from exosphere_core.store.corrupt import is_wrong_type
from exosphere_core.store.deliveries import Delivery, read_delivery
from exosphere_core.store.faults import LOST, ResponseError
from exosphere_core.store.streams import Entry, Pending
from exosphere_core.store.taking_off import take_off
from exosphere_orchestrator.engine.agent import Agent
from exosphere_orchestrator.engine.context import EngineContext, logger
from exosphere_orchestrator.engine.dead_letters import put_aside

#: A lease is looked at this many times while it lasts: a lost one is noticed within that part of it.
_LOOKS_PER_LEASE = 20

_LONGEST_LOOK_S = 1.5

#: The most deliveries of one node that are watched.
_MOST_WATCHED = 10_000

#: How often the list of nodes is read again, in s.
_NODES_AGE_S = 1.5


class Watch:
    """Judges leases by whether owner or beat moved during a full lease on our own monotonic clock.

    What is held for a client that polls has a longer lease: nothing moves between its taking and its report.

    Pure but for the clock that is passed in. Idle times of the stream follow the host's wall clock and
    are not looked at: a clock that jumps would make every living lease look lost.
    """

    def __init__(self, lease_s: float, http_lease_s: float) -> None:
        self._lease_s = lease_s
        self._http_lease_s = http_lease_s
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
                    lease_s = self._http_lease_s if entry.consumer.startswith(HTTP_HOLDER) else self._lease_s
                    if now - before[2] >= lease_s:
                        lost.append(key)
        self._seen = seen
        return lost

    def is_polled(self, stream: str, entry: str) -> bool:
        """Whether an entry that was there at the last look is held for a client that polls."""
        return self._seen[stream, entry][0].startswith(HTTP_HOLDER)


class Reaper(Agent):
    """Watches the deliveries of one shard's nodes."""

    def __init__(self, context: EngineContext, queue: ShardKeys) -> None:
        super().__init__(context, f"reaper of {queue.namespace}:{queue.shard}")
        self._queue = queue
        self._watch = self._new_watch()
        self._nodes: list[str] = []
        self._nodes_read = -_NODES_AGE_S

    async def run_once(self) -> None:
        if monotonic() - self._nodes_read >= _NODES_AGE_S:
            await self._read_nodes()
        ready = [self._queue.ready(node) for node in self._nodes]
        if ready:
            held = await streams.read_pending(self.context.redis, ready, RUNTIMES_GROUP, _MOST_WATCHED)
            lost: dict[tuple[str, bool], list[str]] = {}
            for stream, entry in self._watch.look(held, monotonic()):
                lost.setdefault((stream, self._watch.is_polled(stream, entry)), []).append(entry)
            for (stream, polled), ids in lost.items():
                entries = await streams.read_entries(self.context.redis, stream, ids)
                await self.reclaim(entries, self.context.http_lease_ms if polled else self.context.lease_ms)
        shortest_s = min(self.context.lease_ms, self.context.http_lease_ms) / 1000
        await asyncio.sleep(min(shortest_s / _LOOKS_PER_LEASE, _LONGEST_LOOK_S))

    async def _read_nodes(self) -> None:
        try:
            self._nodes = await read_node_names(self.context.redis, self._queue.namespace)
        except LOST:
            # On a cluster their list may be on another master than this shard: those known are watched on.
            if not self._nodes:
                raise
        self._nodes_read = monotonic()

    async def recover(self) -> None:
        """Nobody could show life while Redis was away: every lease begins anew."""
        self._watch = self._new_watch()

    def _new_watch(self) -> Watch:
        return Watch(self.context.lease_ms / 1000, self.context.http_lease_ms / 1000)

    async def reclaim(self, entries: list[Entry], lease_ms: int | None = None) -> None:
        """Give back deliveries whose lease is lost.

        Args:
            lease_ms: how long that was; None for the one of runtimes with a heartbeat.
        """
        failed = encode(
            Failed(
                f"lost its worker {self.context.max_lost_leases} times: each time the worker showed no life "
                f"for {lease_ms or self.context.lease_ms} ms while it ran this state"
            )
        )
        own: list[tuple[Entry, Call]] = []
        foreign: dict[str, list[tuple[Entry, Call]]] = {}
        most = self.context.max_lost_leases
        for entry in entries:
            if not entry.fields:
                await take_off(self.context.redis, entry.stream, [entry.id])
                continue
            try:
                of = self._delivery(entry)
            except ValueError as bad:
                await self._put_aside(entry, f"it is no delivery of a state: {bad}")
                continue
            if of.task.home == self._queue.namespace:
                call = moves.reclaim(self._queue, of.task, of.state, of.attempt, entry.id, most, failed)
                own.append((entry, call))
            else:
                home = shard_keys(of.task.home, self._queue.shard)
                call = handoff.recall(home, of.task, of.state, of.attempt, most, failed)
                foreign.setdefault(of.task.home, []).append((entry, call))
        await self._apply(own)
        for home_name, recalls in foreign.items():
            try:
                await self._recall(recalls)
            except LOST as fault:
                logger.warning("%d lost leases wait for namespace %s: %s", len(recalls), home_name, fault)

    def _delivery(self, entry: Entry) -> Delivery:
        """Raises ValueError when the entry is none of ours."""
        delivery = read_delivery(entry.fields)
        if self._queue.ready(delivery.task.node) != entry.stream:
            raise ValueError(f"its task is of node {delivery.task.node[:60]!r}")
        return delivery

    async def _recall(self, recalls: list[tuple[Entry, Call]]) -> None:
        """Give back deliveries whose records are in another slot.

        What was reported meanwhile is left to its report. After a crash between the two steps the next look finds
        the entry still here and its attempt no longer current.
        """
        held = await streams.still_pending(self.context.redis, [entry for entry, _ in recalls], RUNTIMES_GROUP)
        recalls = [(entry, call) for entry, call in recalls if (entry.stream, entry.id) in held]
        await self._apply(recalls)
        for entry, _ in recalls:
            await take_off(self.context.redis, entry.stream, [entry.id])

    async def _apply(self, calls: list[tuple[Entry, Call]]) -> None:
        refused: ResponseError | None = None
        replies = await apply_all(self.context.scripts, [call for _, call in calls])
        for (entry, _), reply in zip(calls, replies, strict=True):
            if isinstance(reply, ResponseError):
                if is_wrong_type(reply):
                    await self._put_aside(entry, str(reply))
                else:
                    refused = reply
                continue
            word = reply[0].decode()
            self.context.counts[word] += 1
            lost = self._delivery(entry)
            about = About(lost.task.run, lost.state, lost.task.node, lost.attempt, lost.task.namespace)
            logger.warning("lease of %s in %s was lost: %s", entry.id, entry.stream, word, extra=about.extra)
        if refused is not None:
            raise refused

    async def _put_aside(self, entry: Entry, reason: str) -> None:
        await put_aside(self.context, self._queue, RUNTIMES_GROUP, entry, reason)
