"""Carries states to other namespaces' queues, which are in other slots."""

import asyncio
from collections.abc import Sequence
from time import monotonic

from exosphere_core.keys import RUNTIMES_GROUP, ShardKeys, shard_keys
from exosphere_core.store import handoff
from exosphere_core.store.calls import apply, apply_all
from exosphere_core.store.connection import BLOCK_MS, connect_untimed
from exosphere_core.store.faults import FAULTS, ResponseError
from exosphere_core.store.handoff import OutboxEntry, read_outbox_entry
from exosphere_core.store.streams import Entry
from exosphere_core.store.taking_off import take_off
from exosphere_orchestrator.engine.agent import Agent
from exosphere_orchestrator.engine.context import EngineContext, logger
from exosphere_orchestrator.engine.dead_letters import put_aside

#: The most states handed over by one script: it stays within a few ms.
_PAGE = 100

#: How long states for a namespace that can't be reached wait before they are tried again, in ms.
_PAUSE_MS = 500

#: One that is silent is tried again after so many times as long as it kept us waiting: others wait with it.
_PAUSES = 2

#: The start of a stream.
_START = "0"


class Courier(Agent):
    """Takes the outbox of one shard to where it is to go, the oldest first. Any number may do so side by side."""

    def __init__(self, context: EngineContext, home: ShardKeys) -> None:
        super().__init__(context, f"courier of {home.outbox}")
        self._home = home
        self._redis = connect_untimed(context.url, max_connections=1)
        self._after = _START
        self._stuck = False
        #: Namespaces that could not be reached, and from when on they are tried again, monotonic, in s.
        self._away: dict[ShardKeys, float] = {}

    async def run_once(self) -> None:
        if self._after == _START:
            # Not before: what is pushed there of a later page would pass for coming after all that was left of this one.
            self._away = {target: until for target, until in self._away.items() if until > monotonic()}
        block_ms = _PAUSE_MS if self._stuck else BLOCK_MS
        page = await handoff.read_outbox(self._redis, self._home, self._after, _PAGE, block_ms)
        if page:
            self._stuck |= not await self.carry(page)
            self._after = page[-1].id
        else:
            # From the start: what was left there, and what came below when the outbox was lost and the clock went back.
            self._stuck, self._after = False, _START

    async def recover(self) -> None:
        """Whatever was under way is still on the outbox."""
        await self._redis.connection_pool.disconnect()
        self._stuck, self._after = False, _START

    async def close(self) -> None:
        await self._redis.aclose()

    async def carry(self, page: Sequence[Entry]) -> bool:
        """Hand over a page of the outbox. False when a namespace could not be reached: its states stay there."""
        by_target: dict[ShardKeys, list[OutboxEntry]] = {}
        for raw in page:
            entry = read_outbox_entry(raw)
            if entry is None:
                await put_aside(self.context, self._home, RUNTIMES_GROUP, raw, "it is no state")
            else:
                by_target.setdefault(shard_keys(entry.task.namespace, self._home.shard), []).append(entry)
        reachable = [item for item in by_target.items() if item[0] not in self._away]
        handed_over = await asyncio.gather(*(self._hand_over(*item) for item in reachable))
        return len(reachable) == len(by_target) and all(handed_over)

    async def _hand_over(self, target: ShardKeys, entries: list[OutboxEntry]) -> bool:
        redis, scripts = self.context.redis, self.context.scripts
        ended = await handoff.read_ended(scripts, self._home, entries)
        fresh = [entry for entry in entries if entry.id not in ended]
        stale = [entry for entry in entries if entry.id in ended]
        began = monotonic()
        try:
            # Queued already, perhaps, by a courier that died before it could take them off again.
            known = await handoff.read_queued(scripts, self._home, target) if stale else {}
            await self._take_off(target, [(entry, known.get(entry.id, "")) for entry in stale])
            queued = await apply(scripts, handoff.deliver(self._home, target, fresh)) if fresh else []
        except FAULTS as fault:
            logger.warning(
                "%d states of %s wait for namespace %s: %s", len(entries), self.name, target.namespace, fault
            )
            self._away[target] = monotonic() + _PAUSES * (monotonic() - began)
            return False
        await handoff.drop(redis, self._home, [entry.id for entry in stale])
        await self._note(target, fresh, [word.decode() for word in queued])
        return True

    async def _note(self, target: ShardKeys, entries: list[OutboxEntry], queued: Sequence[str]) -> None:
        """Note where the states are now. One that ended meanwhile, or has another attempt, is taken off there again."""
        calls = [handoff.delivered(self._home, entry, ready) for entry, ready in zip(entries, queued, strict=True)]
        gone: list[tuple[OutboxEntry, str]] = []
        for entry, ready, reply in zip(entries, queued, await apply_all(self.context.scripts, calls), strict=True):
            if isinstance(reply, ResponseError):
                raise reply
            if reply[0] == b"stale" and ready:
                gone.append((entry, ready))
        await self._take_off(target, gone)
        # Last: until then whoever comes after us finds them here.
        await handoff.drop(self.context.redis, self._home, [entry.id for entry, _ in gone])

    async def _take_off(self, target: ShardKeys, queued: Sequence[tuple[OutboxEntry, str]]) -> None:
        by_stream: dict[str, list[str]] = {}
        for entry, ready in queued:
            if ready:
                by_stream.setdefault(target.ready(entry.task.node), []).append(ready)
        for stream, ids in by_stream.items():
            await take_off(self.context.redis, stream, ids)
