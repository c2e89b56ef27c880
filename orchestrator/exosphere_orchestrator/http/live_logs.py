"""The lines of a run as they come in, as server-sent events, until the run has ended."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Header, Query, Request, Response

from exosphere_core import api
from exosphere_core.errors import ExosphereError, NotFound
from exosphere_core.keys import ShardKeys
from exosphere_core.log_lines import Level, LineKind
from exosphere_core.names import IDENTIFIER_PATTERN
from exosphere_core.states import RunStatus
from exosphere_core.store.faults import FAULTS
from exosphere_core.store.lines import Filter, LinePage, Standing, read_lines, read_standing
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import Services, home_of, services
from exosphere_orchestrator.http.event_stream import EventStream
from exosphere_orchestrator.http.logs import body_of, filter_of, number_of
from exosphere_orchestrator.http.routing import handles
from exosphere_orchestrator.http.watchers import KEEP_ALIVE_S

logger = logging.getLogger("exosphere.http")

router = APIRouter(tags=["logs"], route_class=JsonRoute)

#: Lines travel beside the reports: the last ones may come in so long after the end of their run, in s.
LATE_S = 1.0

#: A node that goes on writing after the end of its run is followed for so long, in s.
_LATEST_S: Final = 10.0

#: How many lines one event block carries at the most.
_PAGE: Final = 200

_KEEP_ALIVE: Final = b": nothing new\n\n"

_FAULTS: Final[tuple[type[Exception], ...]] = (*FAULTS, ExosphereError)


class _Followed(NamedTuple):
    namespace: str
    home: ShardKeys
    run: str
    meant: Filter


@handles(router, api.FOLLOW_LINES)
async def follow_lines(
    request: Request,
    namespace: str,
    run_id: str,
    state_id: Annotated[str | None, Query(max_length=64, description=api.FOLLOW_LINES.query["state_id"])] = None,
    identifier: Annotated[
        str | None,
        Query(
            description=api.FOLLOW_LINES.query["identifier"], json_schema_extra={"pattern": f"^{IDENTIFIER_PATTERN}$"}
        ),
    ] = None,
    level: Annotated[Level | None, Query(description=api.FOLLOW_LINES.query["level"])] = None,
    kind: Annotated[list[LineKind] | None, Query(description=api.FOLLOW_LINES.query["kind"])] = None,
    last_event_id: Annotated[
        str | None,
        Header(
            description=api.FOLLOW_LINES.headers[api.LAST_EVENT_ID_HEADER],
            json_schema_extra={"pattern": api.LINE_ID_PATTERN},
        ),
    ] = None,
) -> Response:
    the = services(request)
    followed = _Followed(
        namespace, home_of(namespace, run_id, "run"), run_id, filter_of(state_id, identifier, level, kind)
    )
    after = number_of(api.LAST_EVENT_ID_HEADER, last_event_id)
    the.watchers.enter()
    try:
        standing = await read_standing(the.redis, followed.home, run_id)
        if standing is None:
            raise NotFound(f"namespace {namespace!r} has no run {run_id[:60]!r}")
        if last_event_id is not None and _is_over(standing):
            page = await read_lines(the.redis, followed.home, run_id, after, 1, followed.meant)
            if page.at_end and not page.lines:
                the.watchers.leave()
                return Response(status_code=204)
    except BaseException:
        the.watchers.leave()
        raise
    return EventStream(_follow(the, followed, after), the.watchers.leave)


def _is_over(standing: Standing) -> bool:
    """Whether a run has ended so long ago that no line of it is on its way any more."""
    if standing.status is RunStatus.PENDING:
        return False
    # Two clocks: where they differ, this waits for nothing, or does not wait, once.
    return abs(time.time() - (standing.ended_at or 0) / 1000) > LATE_S


async def _follow(the: Services, followed: _Followed, after: int) -> AsyncGenerator[bytes, None]:
    """Give events until the run has ended, the time is over, or nobody is to watch any more. A lost Redis ends it, too."""
    home, run = followed.home, followed.run
    until = time.monotonic() + the.settings.max_watch_ms / 1000
    news = the.run_ends.expect(home.lines(run))
    ended = the.run_ends.expect(run)
    told_at = time.monotonic()
    over_since: float | None = None
    late_at = 0.0
    try:
        while True:
            news.clear()
            ended.clear()
            # First how the run stands: what was written before its end is read then.
            standing = await read_standing(the.redis, home, run)
            page = await read_lines(the.redis, home, run, after, _PAGE, followed.meant)
            now = time.monotonic()
            if told := _spelled(run, page):
                yield told
                told_at = now
            elif now - told_at >= KEEP_ALIVE_S:
                yield _KEEP_ALIVE
                told_at = now
            if page.position > after:
                late_at = now
            after = page.position
            if not page.at_end:
                continue
            if standing is None or the.run_ends.released or now >= until:
                return
            wait_s = KEEP_ALIVE_S
            if standing.status is not RunStatus.PENDING:
                if over_since is None:
                    over_since = late_at = now - LATE_S if _is_over(standing) else now
                if now - late_at >= LATE_S or now - over_since >= _LATEST_S:
                    yield _end(run, after, standing)
                    return
                wait_s = LATE_S
            else:
                over_since = None
            await _either(news, ended, min(wait_s, until - now))
    except _FAULTS as fault:
        logger.warning("the lines of run %s can't be read, whoever follows them asks again: %s", run, fault)
    finally:
        the.run_ends.forget(home.lines(run), news)
        the.run_ends.forget(run, ended)


async def _either(news: asyncio.Event, ended: asyncio.Event, within_s: float) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in (news, ended)]
    try:
        await asyncio.wait(waits, timeout=max(0.0, within_s), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*waits, return_exceptions=True)


def _spelled(run: str, page: LinePage) -> bytes:
    blocks = []
    if page.dropped:
        # Where it lies is not known exactly: before the first line that is there, mostly.
        first = page.lines[0].number - 1 if page.lines else page.position
        blocks.append(_event(api.LogEvent(event="gap", id=str(first), run_id=run, dropped=page.dropped)))
    blocks += [
        _event(api.LogEvent(event="line", id=str(line.number), run_id=run, line=body_of(run, line)))
        for line in page.lines
    ]
    return b"".join(blocks)


def _end(run: str, after: int, standing: Standing) -> bytes:
    return _event(api.LogEvent(event="end", id=str(after), run_id=run, status=standing.status))


def _event(event: api.LogEvent) -> bytes:
    told = {name: value for name, value in event.model_dump(mode="json").items() if value is not None}
    # As ASCII: what counts as the end of a line differs, and a text may hold any of them.
    return f"id: {event.id}\nevent: {event.event}\ndata: {json.dumps(told)}\n\n".encode()
