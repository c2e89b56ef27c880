"""Namespaces that are watched here: what is told of their runs is collected for a moment, and goes to each who watches."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import suppress
from time import monotonic
from typing import Final

from exosphere_core import api
from exosphere_core.keys import runs_channel
from exosphere_core.store import catalog
from exosphere_orchestrator.engine.context import EngineContext
from exosphere_orchestrator.http.run_ends import RunEnds
from exosphere_orchestrator.http.sampler import Sample, Sampler
from exosphere_orchestrator.http.times import iso
from exosphere_orchestrator.http.watchers import KEEP_ALIVE_S

#: For how long runs are collected before they are told of, in s.
COLLECT_S: Final = 0.25

#: How many runs an event names.
MOST_NAMED: Final = 100

#: How many runs are told apart while they are collected; further ones are told of by the next event.
_MOST_COLLECTED: Final = 10_000

#: How many events wait for one who does not read; then they are dropped, and it begins anew.
_MOST_WAITING: Final = 100


class Watch:
    """One who watches a namespace: events that are still to be sent."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.waiting: deque[api.NamespaceEventBody] = deque()
        self.news = asyncio.Event()


class Feed:
    """One namespace.

    Args:
        now: the time, unix ms by the clock of Redis.
    """

    def __init__(self, context: EngineContext, namespace: str, shards: int, now: int) -> None:
        self.watches: set[Watch] = set()
        self.sampler = Sampler(context, namespace, shards, self._sampled)
        #: What is to be added to the monotonic clock, in ms, for the time.
        self._offset_ms = 0.0
        self._set_clock(now)
        #: The channel is subscribed to.
        self._holds = False
        self._collected: dict[str, tuple[str, str]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._figures: api.NamespaceEventBody | None = None

    def add(self, watch: Watch) -> None:
        """Somebody comes to watch."""
        self.watches.add(watch)
        if self._holds:
            self._begin(watch)

    def told(self, message: bytes | None) -> None:
        """Take a message of the namespace's channel; None when some may have been missed."""
        if message is None:
            self._holds = True
            self._collected.clear()
            for watch in self.watches:
                self._begin(watch)
            return
        run, _, rest = message.decode(errors="replace").partition(" ")
        status, _, graph = rest.partition(" ")
        # The newest comes last.
        self._collected.pop(run, None)
        self._collected[run] = graph, status
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(COLLECT_S, self._tell_runs)
        elif len(self._collected) >= _MOST_COLLECTED:
            self._timer.cancel()
            self._tell_runs()

    def close(self) -> None:
        """Nobody watches any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _tell_runs(self) -> None:
        self._timer = None
        collected, self._collected = self._collected, {}
        if not collected:
            return
        named = list(collected.items())[-MOST_NAMED:]
        runs = [api.RunNews(run_id=run, graph_name=graph, status=status) for run, (graph, status) in named]
        self._tell(api.NamespaceEventBody(event="runs", at=self._at(), count=len(collected), runs=runs))

    def _sampled(self, now: int, sample: Sample) -> None:
        self._set_clock(now)
        self._figures = api.NamespaceEventBody(event="figures", at=iso(now), **sample._asdict())
        if self._holds:
            self._tell(self._figures)

    def _tell(self, event: api.NamespaceEventBody) -> None:
        for watch in self.watches:
            if len(watch.waiting) >= _MOST_WAITING:
                self._begin(watch)
            else:
                watch.waiting.append(event)
            watch.news.set()

    def _begin(self, watch: Watch) -> None:
        watch.waiting.clear()
        watch.waiting.append(api.NamespaceEventBody(event="begin", at=self._at()))
        if self._figures is not None:
            watch.waiting.append(self._figures.model_copy(update={"at": self._at()}))
        watch.news.set()

    def _set_clock(self, now: int) -> None:
        self._offset_ms = now - monotonic() * 1000

    def _at(self) -> str:
        return iso(int(monotonic() * 1000 + self._offset_ms))


class NamespaceFeeds:
    """All namespaces that are watched here. One that nobody watches costs nothing.

    Args:
        longest_ms: how long one who watches is served at most.
    """

    def __init__(self, context: EngineContext, ends: RunEnds, shards: int, longest_ms: int) -> None:
        self._context = context
        self._ends = ends
        self._shards = shards
        self._longest_s = longest_ms / 1000
        self._feeds: dict[str, Feed] = {}
        self._stopping: set[asyncio.Task[None]] = set()

    async def join(self, namespace: str) -> Watch:
        """Somebody comes to watch; `leave` says that they went away.

        Raises:
            exosphere_core.store.faults.LOST: Redis can't be reached.
        """
        now = await catalog.now_ms(self._context.redis)
        watch = Watch(namespace)
        if (feed := self._feeds.get(namespace)) is not None:
            feed.add(watch)
            return watch
        feed = self._feeds[namespace] = Feed(self._context, namespace, self._shards, now)
        feed.add(watch)
        feed.sampler.start()
        try:
            await self._ends.listen(runs_channel(namespace), feed.told)
        except BaseException:
            self.leave(watch)
            raise
        return watch

    def leave(self, watch: Watch) -> None:
        """Somebody went away."""
        feed = self._feeds.get(watch.namespace)
        if feed is None or watch not in feed.watches:
            return
        feed.watches.discard(watch)
        if not feed.watches:
            del self._feeds[watch.namespace]
            feed.close()
            self._ends.unlisten(runs_channel(watch.namespace))
            task = asyncio.create_task(feed.sampler.stop(0))
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)

    async def follow(self, watch: Watch) -> AsyncGenerator[list[api.NamespaceEventBody], None]:
        """Give the events as they come, until this took too long. An empty list comes after each `KEEP_ALIVE_S` of silence."""
        until = monotonic() + self._longest_s
        while (now := monotonic()) < until:
            watch.news.clear()
            if not watch.waiting:
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(KEEP_ALIVE_S, until - now)):
                        await watch.news.wait()
            if self._ends.released:
                return
            page = list(watch.waiting)
            watch.waiting.clear()
            yield page

    async def stop(self) -> None:
        """End all that looks."""
        for feed in self._feeds.values():
            feed.close()
        await asyncio.gather(*(feed.sampler.stop(0) for feed in self._feeds.values()))
        await asyncio.gather(*self._stopping)
