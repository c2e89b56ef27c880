"""One runtime at work: fetches, executes, reports, and recovers from whatever goes away."""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
from collections.abc import Callable, Mapping

from exosphere_core.api import Delivery
from exosphere_core.backoff import Backoff
from exosphere_core.ending import end
from exosphere_core.errors import ExosphereError
from exosphere_core.keys import ShardKeys
from exosphere_core.store.connection import BLOCK_MS, Redis, connect_untimed
from exosphere_core.store.faults import FAULTS, LOST, is_refusal
from exosphere_worker.clock import elapsed_s
from exosphere_worker.executions import LONG_AGO, Executions
from exosphere_worker.executor import NodeRunner
from exosphere_worker.fetcher import Fetcher
from exosphere_worker.heartbeat import Heartbeat, Notices
from exosphere_worker.held import Holdings
from exosphere_worker.loop_watch import LoopWatch
from exosphere_worker.manager import Manager
from exosphere_worker.outcome import Released
from exosphere_worker.reporter import Reporter, Ways
from exosphere_worker.vitals import Vitals

logger = logging.getLogger("exosphere.runtime")

#: After so many failures in a row Redis may have moved: the state manager knows where to.
_MOVED_AFTER = 3

#: A read waits for this part of a lease at most.
_READS_PER_LEASE = 3

#: How long reports may take to get out when the runtime stops, in s.
_LAST_REPORTS_S = 5.0


class Session:
    """A registered runtime.

    Args:
        slots: how many states run at a time.
        blocked_loop_s: how long the event loop may stand still before all leases are given up; None for ever.
        vitals: kept up to date for the health endpoint.
    """

    def __init__(
        self,
        manager: Manager,
        delivery: Delivery,
        namespace: str,
        runners: Mapping[str, NodeRunner],
        slots: int,
        batch_size: int,
        vitals: Vitals,
        blocked_loop_s: float | None = None,
    ) -> None:
        self._manager = manager
        self._namespace = namespace
        self._runners = runners
        self._delivery = delivery
        self.consumer = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        queues = {
            queue.ready(node): (queue, node)
            for queue in (ShardKeys(namespace, shard) for shard in range(delivery.shards))
            for node in runners
        }
        self._holdings = Holdings()
        self._loop = asyncio.get_running_loop()
        #: Set by whoever finds that Redis does not know this runtime any more.
        self._refused = asyncio.Event()
        self._redis: Redis = connect_untimed(delivery.redis_url, max_connections=2)
        self._reports: Redis = connect_untimed(delivery.redis_url, max_connections=2)
        self._reporter = Reporter(
            self._reports,
            self._holdings,
            delivery.lease_ms,
            Ways(manager.hand_over, on_refused=self._refused.set, on_doubt=lambda: self._heartbeat.renew_now()),
            delivery.max_report_bytes,
        )
        lease_s = delivery.lease_ms / 1000
        self._executions = Executions(
            manager, runners, queues, self._holdings, self._reporter, slots, lease_s, vitals,
            on_doubt=lambda: self._heartbeat.renew_now(),
        )  # fmt: skip
        # A read that takes longer than a lease would leave it open whether what it brings is ours still.
        block_ms = min(BLOCK_MS, delivery.lease_ms // _READS_PER_LEASE)
        self._fetcher = Fetcher(self.consumer, list(queues), batch_size, self._executions.begin, block_ms)
        self._heartbeat = Heartbeat(
            delivery.redis_url,
            self.consumer,
            delivery.lease_ms,
            self._holdings,
            vitals,
            Notices(
                lost=lambda stream, entry: self._in_loop(self._executions.lease_lost, stream, entry),
                confirmed=lambda: self._in_loop(self._leases_confirmed),
                away=lambda: self._in_loop(self._reporter.connection_lost),
                refused=lambda: self._in_loop(self._refused.set),
            ),
        )
        self._loop_watch = LoopWatch(self._loop, vitals, blocked_loop_s, self._give_up)
        self._vitals = vitals

    async def run(self, stop: asyncio.Event, grace_s: float) -> None:
        """Work until `stop` is set or the task is cancelled; then finish or give back what is held.

        Args:
            grace_s: how long running nodes may take after a stop was asked for; a cancelled task gives none.
        """
        self._heartbeat.start()
        self._loop_watch.start()
        working = [
            asyncio.create_task(work, name=f"exosphere-{name}")
            for name, work in (
                ("fetcher", self._fetch_for_ever()),
                ("reporter", self._reporter.run()),
                ("registrar", self._register_when_refused()),
            )
        ]
        fetching, *others = working
        stopping = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([*working, stopping], return_when=asyncio.FIRST_COMPLETED)
            for ended in done - {stopping}:
                ended.result()  # each works for ever: this one failed, and a runtime without it only looks healthy
            await end(fetching)
            await self._fetcher.close()
            await self._executions.finish(grace_s)
        finally:
            await end(fetching, stopping)
            await self._fetcher.close()
            await self._give_back()
            await end(*others)
            self._loop_watch.stop()
            await asyncio.to_thread(self._heartbeat.stop)
            await self._redis.aclose()
            await self._reports.aclose()

    async def _fetch_for_ever(self) -> None:
        backoff = Backoff()
        faulty = False
        failures = 0
        while True:
            try:
                if faulty:
                    await self._recover()
                    faulty = False
                    logger.info("the connection to Redis is back")
                free = await self._executions.free()
                await self._fetcher.fetch(self._redis, free)
                self._vitals.note_read()
                self._reporter.connection_held()
                backoff.reset()
                failures = 0
            except FAULTS as fault:
                if not faulty:
                    logger.warning("ready states can't be read, tries again: %s", fault)
                faulty = True
                self._vitals.note_unread()
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

    async def _register_when_refused(self) -> None:
        """Redis' users vanish when it restarts without an ACL file, and it may move: the state manager knows.

        Beside the fetcher, which may be waiting for a free slot while leases run out.
        """
        backoff = Backoff()
        while True:
            await self._refused.wait()
            self._refused.clear()
            try:
                await self._move_to(await self._manager.register())
                backoff.reset()
            except ExosphereError as refused:
                logger.error("the state manager refuses this runtime, tries again: %s", refused.detail)
                self._refused.set()
                await backoff.wait()

    async def _move_to(self, delivery: Delivery) -> None:
        """Redis has another address, or knows us by other credentials."""
        if delivery.redis_url == self._delivery.redis_url:
            return
        logger.info("Redis has a new address or credentials")
        self._delivery = delivery
        old, self._redis = self._redis, connect_untimed(delivery.redis_url, max_connections=2)
        old_reports, self._reports = self._reports, connect_untimed(delivery.redis_url, max_connections=2)
        self._reporter.use(self._reports)
        self._heartbeat.use(delivery.redis_url)
        await old.aclose()
        await old_reports.aclose()

    async def _give_back(self) -> None:
        await self._executions.break_off(_LAST_REPORTS_S)
        # Without Redis nothing can be given back; the leases will tell.
        with contextlib.suppress(TimeoutError, *FAULTS):
            async with asyncio.timeout(_LAST_REPORTS_S):
                await self._release_unseen()
                await self._reporter.drained()

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

    def _give_up(self) -> None:
        """From the loop watch's thread: other runtimes must get what is stuck here."""
        given_up = self._holdings.give_up()
        logger.error(
            "the event loop is blocked for too long (EXOSPHERE_BLOCKED_LOOP_MS): the leases of %d states are given up, "
            "and nothing of them will be reported", len(given_up),
        )  # fmt: skip
        for running in [held.running for held in given_up if held.running]:
            self._in_loop(running.cancel)
