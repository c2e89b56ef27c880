"""A runtime's way to Redis: to all of it, or on a cluster to one shard. What comes between them holds up no other."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

from exosphere_core.api import Delivery
from exosphere_core.backoff import Backoff
from exosphere_core.keys import ShardKeys
from exosphere_core.store.burst import burst
from exosphere_core.store.connection import BLOCK_MS, Redis, connect_untimed, owner
from exosphere_core.store.faults import FAULTS, LOST, is_refusal
from exosphere_worker.clock import elapsed_s
from exosphere_worker.executions import LONG_AGO, Executions
from exosphere_worker.executor import NodeRunner
from exosphere_worker.fetcher import Fetcher
from exosphere_worker.heartbeat import Heartbeat, Notices
from exosphere_worker.held import Held, Holdings
from exosphere_worker.manager import Manager
from exosphere_worker.outcome import Released
from exosphere_worker.reporter import Reporter, Ways
from exosphere_worker.slots import Slots
from exosphere_worker.spin import Spin
from exosphere_worker.vitals import Vitals

logger = logging.getLogger("exosphere.runtime")

#: After so many failures in a row Redis may have moved: the state manager knows where to.
_MOVED_AFTER = 3

#: A read waits for this part of a lease at most.
_READS_PER_LEASE = 3

#: How long reports may take to get out when the runtime stops, in s.
_LAST_REPORTS_S = 5.0


class Crew(NamedTuple):
    """What all links of a runtime share.

    Attributes:
        streams: how many ready streams all links read.
        spin_us: how long each may wait awake for the next delivery, in µs.
        refused: set by whoever finds that Redis does not know this runtime any more.
    """

    consumer: str
    manager: Manager
    runners: Mapping[str, NodeRunner]
    slots: Slots
    batch_size: int
    streams: int
    vitals: Vitals
    refused: asyncio.Event
    spin_us: int


class Link:
    """Fetches, executes, reports, renews leases, and recovers from whatever goes away.

    Args:
        shard: the name of what it reads, for logs and the health endpoint; "" when it is everything.
        queues: ready stream → its shard and node.
    """

    def __init__(self, shard: str, delivery: Delivery, queues: Mapping[str, tuple[ShardKeys, str]], crew: Crew) -> None:
        self._shard = shard
        self._of = f" of shard {shard}" if shard else ""
        self._slots, self._vitals, self._refused = crew.slots, crew.vitals, crew.refused
        self._loop = asyncio.get_running_loop()
        self._holdings = Holdings()
        self._redis: Redis = connect_untimed(delivery.redis_url, max_connections=2)
        self._reports: Redis = connect_untimed(delivery.redis_url, max_connections=2)
        self._report_stream = next(iter(queues.values()))[0].reports
        self._reporter = Reporter(
            self._reports,
            self._holdings,
            delivery.lease_ms,
            Ways(crew.manager.hand_over, on_refused=self._refused.set, on_doubt=lambda: self._heartbeat.renew_now()),
            delivery.max_report_bytes,
            crew.consumer,
            crew.vitals,
        )
        self._executions = Executions(
            crew.manager, crew.runners, queues, self._holdings, self._reporter, crew.slots, crew.vitals,
            delivery.lease_ms / 1000, on_doubt=lambda: self._heartbeat.renew_now(),
        )  # fmt: skip
        # A read that takes longer than a lease would leave it open whether what it brings is ours still.
        block_ms = min(BLOCK_MS, delivery.lease_ms // _READS_PER_LEASE)
        self._fetcher = Fetcher(
            crew.consumer, list(queues), crew.batch_size, self._executions.begin, block_ms, crew.streams,
            Spin(crew.spin_us, is_idle=lambda: not crew.vitals.running),
        )  # fmt: skip
        self._heartbeat = Heartbeat(
            delivery.redis_url,
            crew.consumer,
            delivery.lease_ms,
            self._holdings,
            crew.vitals,
            Notices(
                lost=lambda stream, entry: self._in_loop(self._executions.lease_lost, stream, entry),
                confirmed=lambda: self._in_loop(self._leases_confirmed),
                away=lambda: self._in_loop(self._reporter.connection_lost),
                refused=lambda: self._in_loop(self._refused.set),
            ),
        )

    def start(self) -> None:
        """Start the heartbeat."""
        self._heartbeat.start()

    async def report(self) -> None:
        """Send what came of executions until cancelled."""
        # The first report finds a connection that is made.
        with contextlib.suppress(*FAULTS):
            await burst(await owner(self._reports, self._report_stream), [("PING",)])
        await self._reporter.run()

    async def fetch(self) -> None:
        """Take work until cancelled, whenever a slot is free."""
        backoff = Backoff()
        faulty = False
        failures = 0
        while True:
            try:
                if faulty:
                    await self._recover()
                    faulty = False
                    self._vitals.reconnects += 1
                    logger.info("the connection to Redis%s is back", self._of)
                free = await self._slots.free()
                await self._fetcher.fetch(self._redis, free)
                self._vitals.note_read(self._shard)
                self._reporter.connection_held()
                backoff.reset()
                failures = 0
            except FAULTS as fault:
                if not faulty:
                    logger.warning("ready states%s can't be read, tries again: %s", self._of, fault)
                faulty = True
                self._vitals.note_unread(self._shard)
                if isinstance(fault, LOST):
                    # The others may be as dead and not know it yet.
                    self._reporter.connection_lost()
                    self._heartbeat.reconnect()
                failures += 1
                # Not known any more, a stream or group vanished, or Redis moved: registering again mends each.
                if is_refusal(fault) or not isinstance(fault, LOST) or failures >= _MOVED_AFTER:
                    self._refused.set()
                await backoff.wait()

    async def _recover(self) -> None:
        await self._redis.connection_pool.disconnect()
        # What Redis lost of our reports comes first: it is pending again, and must not be executed again.
        await self._reporter.resent()
        with self._holdings.noting_removals() as gone:
            pending = await self._fetcher.recover(self._redis)
        for entry in pending:
            # What was reported since the read is not pending any more, and must not be executed again.
            if (entry.stream, entry.id) not in gone:
                self._executions.begin(entry, LONG_AGO)

    async def move_to(self, url: str) -> None:
        """Redis has another address, or knows us by other credentials."""
        old, self._redis = self._redis, connect_untimed(url, max_connections=2)
        old_reports, self._reports = self._reports, connect_untimed(url, max_connections=2)
        self._reporter.use(self._reports)
        self._heartbeat.use(url)
        await old.aclose()
        await old_reports.aclose()

    async def finish(self, grace_s: float) -> None:
        """Let what is running end, for as long as that."""
        await self._executions.finish(grace_s)

    async def give_back(self) -> None:
        """Break off what is running and give it back; it takes nothing more."""
        await self._executions.break_off(_LAST_REPORTS_S)
        # Without Redis nothing can be given back; the leases will tell.
        with contextlib.suppress(TimeoutError, *FAULTS):
            async with asyncio.timeout(_LAST_REPORTS_S):
                await self._release_unseen()
                await self._reporter.drained()

    async def close(self) -> None:
        """Stop the heartbeat and close the connections."""
        await asyncio.to_thread(self._heartbeat.stop)
        await self._redis.aclose()
        await self._reports.aclose()

    def give_up(self) -> list[Held]:
        """Let go of all leases for good, and return what they were of. From any thread."""
        return self._holdings.give_up()

    async def _release_unseen(self) -> None:
        """Give back what was delivered in the read that the stop broke off."""
        for entry in await self._fetcher.recover(self._reports):
            if self._holdings.get(entry.stream, entry.id) is not None:
                continue
            held = self._executions.read(entry, elapsed_s())
            if held is not None and not self._reporter.report_again(held) and self._holdings.add(held):
                self._reporter.report(held, Released())

    def _in_loop(self, call: Callable[..., object], *arguments: object) -> None:
        """From another thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nothing runs any more
            self._loop.call_soon_threadsafe(call, *arguments)

    def _leases_confirmed(self) -> None:
        self._executions.leases_confirmed()
        self._reporter.leases_confirmed()
