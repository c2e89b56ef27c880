"""One runtime at work: registered, linked to Redis, and in the end giving back what it holds."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Iterable, Mapping

from exosphere_core.api import Delivery
from exosphere_core.backoff import Backoff
from exosphere_core.ending import end
from exosphere_core.errors import ConfigurationError, ExosphereError
from exosphere_core.keys import ShardKeys
from exosphere_core.store.address import has_slots
from exosphere_worker.executor import NodeRunner
from exosphere_worker.link import Crew, Link
from exosphere_worker.loop_watch import LoopWatch
from exosphere_worker.manager import Manager
from exosphere_worker.slots import Slots
from exosphere_worker.times import NodeTimes
from exosphere_worker.vitals import Vitals

logger = logging.getLogger("exosphere.runtime")


class Session:
    """A registered runtime.

    One read can wait for the streams of all shards, except on a cluster: there it has a link to each, so that
    one whose master is away holds up none of the others.

    Args:
        slots: how many states run at a time.
        blocked_loop_s: how long the event loop may stand still before all leases are given up; None for ever.
        vitals: kept up to date for the health endpoint.
        spin_us: how long it may wait awake for the next delivery, in µs.
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
        spin_us: int = 0,
    ) -> None:
        self._manager = manager
        self._delivery = delivery
        self.consumer = manager.instance
        self._loop = asyncio.get_running_loop()
        self._refused = asyncio.Event()
        shards = [ShardKeys(namespace, shard) for shard in range(delivery.shards)]
        parts = {str(keys.shard): [keys] for keys in shards} if has_slots(delivery.redis_url) else {"": shards}
        vitals.read = tuple(parts)
        for node in runners:
            vitals.nodes[node] = NodeTimes()
        self._vitals = vitals
        crew = Crew(
            self.consumer, manager, runners, Slots(slots, vitals), batch_size, len(shards) * len(runners), vitals,
            self._refused, spin_us,
        )  # fmt: skip
        self._links = [
            Link(name, delivery, {keys.ready(node): (keys, node) for keys in part for node in runners}, crew)
            for name, part in parts.items()
        ]
        self._loop_watch = LoopWatch(self._loop, vitals, blocked_loop_s, self._give_up)

    async def run(self, stop: asyncio.Event, grace_s: float) -> None:
        """Work until `stop` is set or the task is cancelled; then finish or give back what is held.

        Args:
            grace_s: how long running nodes may take after a stop was asked for; a cancelled task gives none.
        """
        for link in self._links:
            link.start()
        self._loop_watch.start()
        fetching = [asyncio.create_task(link.fetch(), name="exosphere-fetcher") for link in self._links]
        others = [asyncio.create_task(link.report(), name="exosphere-reporter") for link in self._links]
        others.append(asyncio.create_task(self._register_when_refused(), name="exosphere-registrar"))
        stopping = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([*fetching, *others, stopping], return_when=asyncio.FIRST_COMPLETED)
            for ended in done - {stopping}:
                ended.result()  # each works for ever: this one failed, and a runtime without it only looks healthy
            await end(*fetching)
            await _all(link.finish(grace_s) for link in self._links)
        finally:
            await end(*fetching, stopping)
            await _all(link.give_back() for link in self._links)
            await end(*others)
            self._loop_watch.stop()
            await _all(link.close() for link in self._links)

    async def _register_when_refused(self) -> None:
        """Redis' users vanish when it restarts without an ACL file, and it may move: the state manager knows.

        Beside the fetchers, which may be waiting for a free slot while leases run out.
        """
        backoff = Backoff()
        while True:
            await self._refused.wait()
            self._refused.clear()
            try:
                delivery = await self._manager.register()
            except ExosphereError as refused:
                logger.error("the state manager refuses this runtime, tries again: %s", refused.detail)
                self._refused.set()
                await backoff.wait()
                continue
            backoff.reset()
            await self._move_to(delivery)

    async def _move_to(self, delivery: Delivery) -> None:
        """Redis has another address, or knows us by other credentials."""
        url = delivery.redis_url
        if url == self._delivery.redis_url:
            return
        if delivery.shards > 1 and has_slots(url) != has_slots(self._delivery.redis_url):
            raise ConfigurationError(
                "the Redis that the state manager names now is a cluster and was none before, or the reverse; "
                "start this runtime again"
            )
        logger.info("Redis has a new address or credentials")
        self._delivery = delivery
        await _all(link.move_to(url) for link in self._links)

    def _give_up(self) -> None:
        """From the loop watch's thread: other runtimes must get what is stuck here."""
        given_up = [held for link in self._links for held in link.give_up()]
        self._vitals.given_up_leases += len(given_up)
        logger.error(
            "the event loop is blocked for too long (EXOSPHERE_BLOCKED_LOOP_MS): the leases of %d states are given up, "
            "and nothing of them will be reported", len(given_up),
        )  # fmt: skip
        for running in [held.running for held in given_up if held.running]:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nothing runs any more
                self._loop.call_soon_threadsafe(running.cancel)


async def _all(steps: Iterable[Awaitable[None]]) -> None:
    """Do the same with all links, side by side: one that takes long is not waited for by the others."""
    await asyncio.gather(*steps)
