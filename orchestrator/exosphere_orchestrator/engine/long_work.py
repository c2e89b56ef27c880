"""What takes longer than a batch may, worked at beside the batches."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from exosphere_core.ending import end
from exosphere_core.store.streams import Entry
from exosphere_orchestrator.engine.reports import Report

#: The most pieces of work that go on side by side.
_MOST = 8

#: Stream and id of an entry.
Place = tuple[str, str]


class LongWork:
    """Holds reports that call for much, such as wide fan-outs and unites, until that is done or has failed.

    Args:
        failed: told of each report whose work failed, and why.
        let_go: told of the stream of each report that is held no longer.
    """

    def __init__(self, failed: Callable[[Entry, Exception], Awaitable[None]], let_go: Callable[[str], None]) -> None:
        self._failed = failed
        self._let_go = let_go
        self._under_way: dict[Place, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(_MOST)

    def holds(self, entry: Entry) -> bool:
        """Whether a report is being worked at."""
        return (entry.stream, entry.id) in self._under_way

    def held(self, stream: str) -> list[str]:
        """Return the ids of the entries of a stream that are being worked at."""
        return [entry for name, entry in self._under_way if name == stream]

    def begin(self, reports: Sequence[Report], duty: Coroutine[Any, Any, None]) -> None:
        """Do what some reports call for, as soon as there is a place for it."""
        places = [(report.entry.stream, report.entry.id) for report in reports]
        work = asyncio.create_task(self._do(reports, places, duty))
        self._under_way.update(dict.fromkeys(places, work))

    async def settled(self) -> None:
        """Wait until there is none."""
        while self._under_way:
            await asyncio.gather(*self._under_way.values())

    async def close(self) -> None:
        """Break all of it off: the reports are pending still."""
        await end(*self._under_way.values())

    async def _do(self, reports: Sequence[Report], places: Sequence[Place], duty: Coroutine[Any, Any, None]) -> None:
        try:
            async with self._slots:
                await duty
        except Exception as fault:
            for report in reports:
                await self._failed(report.entry, fault)
        finally:
            for place in places:
                self._under_way.pop(place, None)
                self._let_go(place[0])
