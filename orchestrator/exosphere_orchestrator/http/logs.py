"""What nodes write while they run: taken from runtimes, and listed."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request

from exosphere_core import api
from exosphere_core.errors import BadRequest
from exosphere_core.ids import shard_of
from exosphere_core.keys import ShardKeys, shard_keys
from exosphere_core.log_lines import Level, LineKind, bounded, levels_from
from exosphere_core.names import IDENTIFIER_PATTERN, identifier_error
from exosphere_core.records import Line, Task
from exosphere_core.store.corrupt import Unreadable
from exosphere_core.store.lines import Filter, NumberedLine, add_lines, read_lines
from exosphere_orchestrator.http.body import JsonRoute
from exosphere_orchestrator.http.context import Services, checked, home_of, iso, services
from exosphere_orchestrator.http.routing import handles
from exosphere_orchestrator.http.runs import find_run
from exosphere_orchestrator.settings import Settings

router = APIRouter(tags=["logs"], route_class=JsonRoute)

MOST_LISTED: Final = 1000

_LINE_ID: Final = re.compile(api.LINE_ID_PATTERN, re.ASCII)

_OFF: Final = "OFF"


def limits_of(settings: Settings) -> api.LogLimits | None:
    """What runtimes are to send; None for nothing."""
    if settings.run_log_level == _OFF:
        return None
    return api.LogLimits(
        level=Level(settings.run_log_level),
        line_bytes=settings.run_log_line_bytes,
        attempt_lines=settings.run_log_attempt_lines,
        attempt_bytes=settings.run_log_attempt_bytes,
        lines_per_second=settings.run_log_lines_per_second,
    )


@handles(router, api.ADD_LINES)
async def keep_lines(request: Request, namespace: str, body: api.AddLinesRequest) -> api.AddLinesResponse:
    the = services(request)
    checked("namespace", namespace)
    settings = the.settings
    if settings.run_log_level == _OFF:
        return api.AddLinesResponse(taken=0)
    the.line_rate.admit(len(body.lines))
    for place, line in enumerate(body.lines):
        checked(f"lines.{place}.home", line.home or namespace)
    tasks = await _tasks(the, namespace, body.lines)
    kept = levels_from(Level(settings.run_log_level))
    by_run: dict[tuple[ShardKeys, str], list[Line]] = {}
    for line in body.lines:
        task = tasks.get((line.home or namespace, line.state))
        # Of a node of another namespace a runtime of this one has nothing to say.
        if task is None or task.namespace != namespace or line.level not in kept:
            continue
        shard = shard_of(task.run)
        assert shard is not None, f"state {line.state} is of a run {task.run!r} that names no shard"
        by_run.setdefault((shard_keys(task.home, shard), task.run), []).append(
            _line(line, task, body.worker, settings.run_log_line_bytes)
        )
    taken = await add_lines(the.redis, by_run, settings.run_log_lines, settings.run_log_bytes)
    return api.AddLinesResponse(taken=taken)


async def _tasks(the: Services, namespace: str, lines: list[api.LineBody]) -> dict[tuple[str, str], Task]:
    wanted = list(dict.fromkeys((line.home or namespace, line.state) for line in lines))
    places = [(shard_keys(home, shard), state) for home, state in wanted if (shard := shard_of(state)) is not None]
    unreadable: Unreadable = {}
    found = await the.engine.context.tasks.get_many(places, unreadable)
    return {
        (home.namespace, state): task for (home, state), task in zip(places, found, strict=True) if task is not None
    }


def _line(line: api.LineBody, task: Task, worker: str, most_bytes: int) -> Line:
    text, fields = bounded(line.text, line.fields, most_bytes)
    return Line(
        at=line.at,
        kind=line.kind,
        level=line.level,
        state=line.state,
        node=task.node,
        identifier=task.identifier,
        attempt=line.attempt,
        text=text,
        worker=worker,
        fields=fields,
    )


@handles(router, api.LIST_LINES)
async def list_lines(
    request: Request,
    namespace: str,
    run_id: str,
    state_id: Annotated[str | None, Query(max_length=64, description=api.LIST_LINES.query["state_id"])] = None,
    identifier: Annotated[
        str | None,
        Query(description=api.LIST_LINES.query["identifier"], json_schema_extra={"pattern": f"^{IDENTIFIER_PATTERN}$"}),
    ] = None,
    level: Annotated[Level | None, Query(description=api.LIST_LINES.query["level"])] = None,
    kind: Annotated[list[LineKind] | None, Query(description=api.LIST_LINES.query["kind"])] = None,
    cursor: Annotated[
        str | None,
        Query(description=api.LIST_LINES.query["cursor"], json_schema_extra={"pattern": api.LINE_ID_PATTERN}),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED, description=api.LIST_LINES.query["limit"])] = 100,
) -> api.LogsResponse:
    the = services(request)
    meant = filter_of(state_id, identifier, level, kind)
    after = number_of("cursor", cursor)
    await find_run(the, namespace, run_id)
    page = await read_lines(the.redis, home_of(namespace, run_id, "run"), run_id, after, limit, meant)
    return api.LogsResponse(
        run_id=run_id,
        count=len(page.lines),
        lines=[body_of(run_id, line) for line in page.lines],
        dropped=page.dropped,
        next_cursor=None if page.at_end else str(page.position),
    )


def filter_of(
    state_id: str | None, identifier: str | None, level: Level | None, kinds: list[LineKind] | None
) -> Filter:
    """Return which lines a call asks for.

    Raises:
        BadRequest: the identifier is none.
    """
    if identifier is not None and (error := identifier_error("identifier", identifier)):
        raise BadRequest(error)
    return Filter(
        state_id, identifier, None if level is None else levels_from(level), frozenset(kinds) if kinds else None
    )


def number_of(name: str, line_id: str | None) -> int:
    """Return the number of the line that a call names; 0 for none.

    Raises:
        BadRequest: it is no id of a line.
    """
    if line_id is not None and not _LINE_ID.fullmatch(line_id):
        raise BadRequest(f"{name}: {line_id[:60]!r} is no id of a line")
    return int(line_id or 0)


def body_of(run_id: str, numbered: NumberedLine) -> api.LogLine:
    """Return a line as it is told."""
    number, line = numbered
    return api.LogLine(
        id=str(number),
        run_id=run_id,
        at=iso(line.at),
        kind=line.kind,
        level=line.level,
        state_id=line.state,
        node_name=line.node,
        identifier=line.identifier,
        attempt=line.attempt,
        worker=line.worker or None,
        text=line.text,
        fields=line.fields,
    )
