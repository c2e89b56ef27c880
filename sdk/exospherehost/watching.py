"""What the client of the state manager reads of what goes on: states, events, queues, runtimes."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime
from time import monotonic
from typing import Any, Final

from exosphere_core import api
from exosphere_core.backoff import Backoff
from exosphere_core.errors import Overloaded, Unavailable
from exosphere_core.states import RunStatus
from exospherehost.caller import Caller

#: The state manager says something each 15 s, if only that it is there.
_SILENCE_S: Final = 45.0

#: How many states or runs one call asks for.
_PAGE: Final = 500


class Watching(Caller):
    """Reads lists of any length, and what happens as it happens."""

    async def structure(self, run_id: str) -> dict[str, Any]:
        """Return all states of a run and how they follow from each other. Raises NotFound."""
        return await self._call(api.GET_STRUCTURE, run_id=run_id)

    async def states(
        self, run_id: str, status: str | Sequence[str] | None = None, identifier: str | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Give the states of a run in order of creation, reading page by page: `async for state in manager.states(…)`.

        Args:
            run_id: id of the run.
            status: only those in this status, or in one of these.
            identifier: only those of this node of the graph.

        Raises:
            NotFound: there is no such run.
            BadRequest: there is no such status.
        """
        query: dict[str, str | int | Sequence[str]] = {"limit": _PAGE}
        if status is not None:
            query["status"] = [status] if isinstance(status, str) else list(status)
        if identifier is not None:
            query["identifier"] = identifier
        while True:
            page = await self._call(api.LIST_STATES, query=query, run_id=run_id)
            for state in page["states"]:
                yield state
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    async def find_runs(
        self,
        graph_name: str | None = None,
        status: str | Sequence[str] | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Give the runs of the namespace, newest first, reading page by page: `async for run in manager.find_runs(…)`.

        Args:
            graph_name: only runs of this graph.
            status: only those in this status, or in one of these: PENDING, SUCCESS, FAILED, CANCELLED.
            created_after: only runs created then or later; a time with its zone.
            created_before: only runs created then or earlier.

        Raises:
            BadRequest: there is no such status, or a time has no zone.
        """
        query: dict[str, str | int | Sequence[str]] = {"limit": _PAGE}
        if graph_name is not None:
            query["graph_name"] = graph_name
        if status is not None:
            query["status"] = [status] if isinstance(status, str) else list(status)
        for name, moment in (("created_after", created_after), ("created_before", created_before)):
            if moment is not None:
                query[name] = moment.isoformat()
        while True:
            page = await self._call(api.FIND_RUNS, query=query)
            for run in page["runs"]:
                yield run
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    async def events(
        self, run_id: str, after: str = "", patience_s: float = 60.0
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Give what becomes of a run as it happens, until it has ended: `async for event in manager.events(…)`.

        First each state is told as it stands (`found`), then every transition, once and in order. A lost connection is
        made again, and nothing is missed or repeated by it.

        Args:
            run_id: id of the run.
            after: id of an event that was given before: those that follow on it are given.
            patience_s: how long the state manager may be away, in s.

        Raises:
            NotFound: there is no such run.
            Unavailable: the state manager is away for longer.
        """
        backoff = Backoff(0.1)
        heard, status = monotonic(), ""
        while True:
            try:
                async with aclosing(
                    self._stream(api.WATCH_RUN, last_event_id=after, silence_s=_SILENCE_S, run_id=run_id)
                ) as stream:
                    async for event in stream:
                        if not event:
                            return
                        after = event["id"]
                        if event["event"] in ("run", "current"):
                            status = event["status"]
                        yield event
                        heard = monotonic()
                        backoff.reset()
                if status not in ("", RunStatus.PENDING):
                    return
                heard = monotonic()
            except (Unavailable, Overloaded):
                if monotonic() - heard > patience_s:
                    raise
            # It is lost, or a state manager that stops has let us go: another one goes on.
            await backoff.wait()

    async def queues(self) -> AsyncGenerator[dict[str, Any], None]:
        """Give what waits and runs, by node: depth, running, age of the oldest one, how many runtimes take from it."""
        async for queue in self._listed(api.LIST_QUEUES, "queues"):
            yield queue

    async def runtimes(self) -> AsyncGenerator[dict[str, Any], None]:
        """Give the runtimes: which are alive, since when, what they execute and how much of it."""
        async for runtime in self._listed(api.LIST_RUNTIMES, "runtimes"):
            yield runtime

    async def _listed(self, row: api.Row, name: str) -> AsyncGenerator[dict[str, Any], None]:
        query: dict[str, str | int | Sequence[str]] = {}
        while True:
            page = await self._call(row, query=query)
            for item in page[name]:
                yield item
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]
