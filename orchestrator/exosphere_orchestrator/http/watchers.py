"""Those who watch runs in this process: each reads the run's events from where it is, and is woken when there are more."""

import asyncio
import contextvars
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import suppress

from exosphere_core.ending import end
from exosphere_core.errors import ExosphereError, Overloaded
from exosphere_core.keys import ShardKeys
from exosphere_core.records import EventKind
from exosphere_core.states import RunStatus
from exosphere_core.store.connection import Redis
from exosphere_core.store.events import EVENTS_PAGE, RunEvent, Watched, read_events, tell_what_was, watch
from exosphere_core.store.faults import FAULTS
from exosphere_orchestrator.http.run_ends import RunEnds

logger = logging.getLogger("exosphere.http")

#: What reading events may meet; whoever watches asks again.
_FAULTS: tuple[type[Exception], ...] = (*FAULTS, ExosphereError)

#: How long nothing is sent at the most, in s: proxies cut what is silent for a minute.
KEEP_ALIVE_S = 15.0

#: When somebody who was refused may try again, in s.
_RETRY_AFTER_S = 5.0


class Watchers:
    """Follows the events of runs.

    Args:
        keep_ms: how long the events of a run are kept after the last one who watched it went away.
        most: how many may watch at a time.
        longest_ms: how long one of them is followed at most.
    """

    def __init__(self, redis: Redis, ends: RunEnds, keep_ms: int, most: int, longest_ms: int) -> None:
        self._redis = redis
        self._ends = ends
        self._keep_ms = keep_ms
        self._most = most
        self._longest_s = longest_ms / 1000
        self._watching = 0
        #: First event of a run's events → the task that tells what was before.
        self._telling: dict[str, asyncio.Task[None]] = {}

    def enter(self) -> None:
        """Somebody comes to watch; `leave` says that they went away.

        Raises:
            Overloaded: too many watch already.
        """
        if self._watching >= self._most:
            raise Overloaded(
                f"{self._watching} event streams are open at this state manager, the limit is {self._most} "
                "(EXOSPHERE_MAX_WATCHERS); try again later",
                _RETRY_AFTER_S,
            )
        self._watching += 1

    def leave(self) -> None:
        """Somebody went away."""
        self._watching -= 1

    @property
    def watching(self) -> int:
        """How many watch now."""
        return self._watching

    async def begin(self, home: ShardKeys, run: str) -> Watched | None:
        """Have a run's events kept. Returns None when there is no such run."""
        return await self._renewed(home, run)

    async def has_more(self, home: ShardKeys, run: str, after: str) -> bool:
        """Whether any event follows on this one."""
        return bool(await read_events(self._redis, home, run, after))

    async def follow(
        self, home: ShardKeys, run: str, after: str, watched: Watched
    ) -> AsyncGenerator[list[RunEvent], None]:
        """Give the events after one, as they come, until the run has ended or this took too long.

        An empty list comes after each `KEEP_ALIVE_S` of silence.
        """
        until = (renewed := time.monotonic()) + self._longest_s
        key = home.events(run)
        news = self._ends.expect(key)
        status, whole = "", watched.whole
        try:
            while True:
                news.clear()
                page = await read_events(self._redis, home, run, after)
                for event in page:
                    if event.kind in (EventKind.RUN, EventKind.CURRENT):
                        status = event.status
                    whole = (whole and event.kind is not EventKind.BEGIN) or event.kind is EventKind.CURRENT
                    after = event.id
                if page:
                    yield page
                now = time.monotonic()
                if now >= until:
                    return
                if now - renewed >= KEEP_ALIVE_S:
                    # Who is long at it must not see the events expire, nor miss that they were lost with Redis' memory.
                    if await self._renewed(home, run) is None:
                        return
                    renewed = now
                    if not page:
                        yield []
                if len(page) == EVENTS_PAGE:
                    continue
                if (whole and status not in ("", RunStatus.PENDING)) or self._ends.released:
                    return
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(KEEP_ALIVE_S, until - now)):
                        await news.wait()
        except _FAULTS as fault:
            logger.warning("the events of run %s can't be read, whoever watches it asks again: %s", run, fault)
        finally:
            self._ends.forget(key, news)

    async def stop(self) -> None:
        """End what is under way; another state manager takes it up when somebody watches there."""
        await end(*self._telling.values())

    async def _renewed(self, home: ShardKeys, run: str) -> Watched | None:
        watched = await watch(self._redis, home, run, self._keep_ms)
        if watched and not watched.whole and watched.first not in self._telling:
            # A context of its own: a request collects its own calls, not those of this task.
            task = asyncio.create_task(
                self._tell(home, run, watched.first), name=f"teller of {run}", context=contextvars.Context()
            )
            self._telling[watched.first] = task
            task.add_done_callback(lambda _: self._telling.pop(watched.first, None))
        return watched

    async def _tell(self, home: ShardKeys, run: str, first: str) -> None:
        try:
            await tell_what_was(self._redis, home, run, first)
        except _FAULTS as fault:
            # The next look of a watcher begins again.
            logger.warning("what run %s was can't be told yet: %s", run, fault)
