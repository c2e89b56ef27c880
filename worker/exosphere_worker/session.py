"""One runtime at work: fetches, executes, reports, and recovers from whatever goes away."""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
from collections.abc import Callable, Mapping
from functools import partial

from exosphere_core.api import Delivery
from exosphere_core.backoff import Backoff
from exosphere_core.ending import end
from exosphere_core.errors import ExosphereError
from exosphere_core.keys import ShardKeys
from exosphere_core.store.connection import Redis, connect_untimed
from exosphere_core.store.faults import FAULTS, LOST, is_refusal
from exosphere_core.store.streams import Entry
from exosphere_worker.executor import NodeRunner
from exosphere_worker.fetcher import Fetcher
from exosphere_worker.heartbeat import Heartbeat
from exosphere_worker.held import Held, Holdings, read_delivery
from exosphere_worker.manager import Manager
from exosphere_worker.node import Execution, Store
from exosphere_worker.once import Once
from exosphere_worker.outcome import Failed, Lost, Outcome, Released
from exosphere_worker.reporter import Reporter
from exosphere_worker.vitals import Vitals

logger = logging.getLogger("exosphere.runtime")

#: After so many failures in a row Redis may have moved: the state manager knows where to.
_MOVED_AFTER = 3

#: How long reports may take to get out when the runtime stops, in s.
_LAST_REPORTS_S = 5.0


class Session:
    """A registered runtime.

    Args:
        slots: how many states run at a time.
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
    ) -> None:
        self._manager = manager
        self._namespace = namespace
        self._runners = runners
        self._slots = slots
        self._delivery = delivery
        self.consumer = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        ready = [ShardKeys(namespace, shard).ready(node) for shard in range(delivery.shards) for node in runners]
        self._fetcher = Fetcher(self.consumer, ready, batch_size, self._begin)
        self._holdings = Holdings()
        self._loop = asyncio.get_running_loop()
        #: Set by whoever finds that Redis does not know this runtime any more.
        self._refused = asyncio.Event()
        self._redis: Redis = connect_untimed(delivery.redis_url, max_connections=2)
        self._reports: Redis = connect_untimed(delivery.redis_url, max_connections=2)
        self._reporter = Reporter(self._reports, self._holdings, self._refused.set, delivery.max_report_bytes)
        self._heartbeat = Heartbeat(
            delivery.redis_url,
            self.consumer,
            delivery.lease_ms,
            self._holdings,
            vitals,
            on_lost=lambda stream, entry: self._in_loop(self._lease_lost, stream, entry),
            on_refused=lambda: self._in_loop(self._refused.set),
        )
        self._freed = asyncio.Event()
        # On a cluster a few more states may be delivered than there are slots; they wait here, and their leases are kept.
        self._places = asyncio.Semaphore(slots)
        self._vitals = vitals
        self._running = vitals.running = 0

    async def run(self, stop: asyncio.Event, grace_s: float) -> None:
        """Work until `stop` is set or the task is cancelled; then finish or give back what is held.

        Args:
            grace_s: how long running nodes may take after a stop was asked for; a cancelled task gives none.
        """
        self._heartbeat.start()
        reporting = asyncio.create_task(self._reporter.run(), name="exosphere-reporter")
        registering = asyncio.create_task(self._register_when_refused(), name="exosphere-registrar")
        fetching = asyncio.create_task(self._fetch_for_ever(), name="exosphere-fetcher")
        stopping = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([fetching, stopping], return_when=asyncio.FIRST_COMPLETED)
            if fetching in done:
                fetching.result()
            await end(fetching)
            await self._fetcher.close()
            await self._finish(grace_s)
        finally:
            await end(fetching, stopping)
            await self._fetcher.close()
            await self._give_back()
            await end(reporting, registering)
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
                while self._running >= self._slots:
                    self._freed.clear()
                    await self._freed.wait()
                entries = await self._fetcher.fetch(self._redis, self._slots - self._running)
                self._vitals.note_read()
                for entry in entries:
                    self._begin(entry)
                backoff.reset()
                failures = 0
            except FAULTS as fault:
                if not faulty:
                    logger.warning("ready states can't be read, tries again: %s", fault)
                faulty = True
                failures += 1
                # Not known any more, a stream or group vanished, or Redis moved: registering again mends each.
                if is_refusal(fault) or not isinstance(fault, LOST) or failures >= _MOVED_AFTER:
                    self._refused.set()
                await backoff.wait()

    async def _recover(self) -> None:
        await self._redis.connection_pool.disconnect()
        with self._holdings.noting_removals() as gone:
            pending = await self._fetcher.recover(self._redis)
        for entry in pending:
            # What was reported since the read is not pending any more, and must not be executed again.
            if (entry.stream, entry.id) not in gone:
                self._begin(entry)

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

    def _begin(self, entry: Entry) -> None:
        if not entry.fields:
            return  # deleted meanwhile: its run was ended or its lease lost
        try:
            held = read_delivery(entry)
            runner = self._runners[held.task.node]
        except (KeyError, ValueError) as bad:
            logger.error("entry %s of %s is no delivery for this runtime: %r", entry.id, entry.stream, bad)
            return
        if self._holdings.add(held):
            self._running += 1
            self._vitals.running = self._running
            held.running = asyncio.create_task(self._execute(held, runner))

    async def _execute(self, held: Held, runner: NodeRunner) -> None:
        outcome: Outcome
        try:
            async with self._places:
                outcome = await self._outcome(held, runner)
        except asyncio.CancelledError:
            outcome = Lost() if held.lost else Released()
        except Exception as bug:
            logger.exception("state %s could not be executed", held.state)
            outcome = Failed(f"the runtime failed: {type(bug).__name__}: {bug}")
        self._running -= 1
        self._vitals.running = self._running
        self._freed.set()
        self._reporter.report(held, outcome)

    async def _outcome(self, held: Held, runner: NodeRunner) -> Outcome:
        task = held.task
        values = None
        if runner.has_secrets:
            try:
                values = await self._manager.secrets(task, held.state)
            except ExosphereError as refused:
                return Failed(f"the secrets of {runner.name} could not be fetched: {refused.detail}")
        execution = Execution(
            run_id=task.run,
            state_id=held.state,
            retry_count=task.retry_count,
            idempotency_key=task.chain or held.state,
            store=Store(partial(self._manager.store_value, task)),
            once=Once(partial(self._manager.recorded, held.state), partial(self._manager.record, held.state)),
        )
        return await runner.execute(held.inputs, values, execution, task.timeout_ms)

    async def _finish(self, grace_s: float) -> None:
        running = [held.running for held in self._holdings.all() if held.running and not held.running.done()]
        if running:
            logger.info("stopping: %d running states may take %g s to end", len(running), grace_s)
            await asyncio.wait(running, timeout=grace_s)

    async def _give_back(self) -> None:
        left = [held.running for held in self._holdings.all() if held.running and not held.running.done()]
        for task in left:
            task.cancel()
        if left:
            logger.info("stopping: %d states are given back unfinished", len(left))
            await asyncio.wait(left, timeout=_LAST_REPORTS_S)
        # Without Redis nothing can be given back; the leases will tell.
        with contextlib.suppress(TimeoutError, *FAULTS):
            async with asyncio.timeout(_LAST_REPORTS_S):
                await self._release_unseen()
                await self._reporter.drained()

    async def _release_unseen(self) -> None:
        """Give back what was delivered in the read that the stop broke off."""
        for entry in await self._fetcher.recover(self._reports):
            if entry.fields and self._holdings.get(entry.stream, entry.id) is None:
                try:
                    held = read_delivery(entry)
                except (KeyError, ValueError):
                    continue  # none of ours: a state manager puts it aside
                self._holdings.add(held)
                self._reporter.report(held, Released())

    def _in_loop(self, call: Callable[..., None], *arguments: str) -> None:
        """From the heartbeat's thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nothing runs any more
            self._loop.call_soon_threadsafe(call, *arguments)

    def _lease_lost(self, stream: str, entry: str) -> None:
        held = self._holdings.get(stream, entry)
        if held is None or held.ended:
            return  # its report is in Redis, or on its way there, where its attempt number tells whether it counts
        held.lost = True
        logger.warning("the lease of state %s was lost: its node is cancelled and nothing is reported", held.state)
        if held.running is not None:
            held.running.cancel()
