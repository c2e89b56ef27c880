"""`exosphere schedule`: cron triggers of graphs."""

from typing import Final

import click

from exosphere_cli.command_group import CommandGroup
from exosphere_cli.connection import Connection, with_connection
from exosphere_cli.formats import NONE, Columns, output_option, show_list, show_one
from exosphere_cli.output import console, printable, short_time
from exosphere_core.api import (
    LIST_FIRINGS,
    LIST_SCHEDULES,
    PAUSE_SCHEDULE,
    RESUME_SCHEDULE,
    RUN_SCHEDULE,
    FiringBody,
    FiringsResponse,
    ScheduleBody,
    SchedulesResponse,
)

_GRAPH: Final = click.argument("graph_name", metavar="GRAPH")
_INDEX: Final = click.option(
    "--index", type=click.IntRange(min=0), default=0, show_default=True,
    help="Which of the graph's triggers, counted from 0.",
)  # fmt: skip


def _outcome(firing: FiringBody) -> str:
    if firing.run_id:
        return f"run {firing.run_id}"
    return f"error: {firing.error}" if firing.error else f"skipped: {firing.skipped}"


_SCHEDULES: Final[Columns[ScheduleBody]] = {
    "GRAPH": lambda one: one.graph_name,
    ">INDEX": lambda one: one.index,
    "EXPRESSION": lambda one: one.expression,
    "TIMEZONE": lambda one: one.timezone,
    "CATCHUP": lambda one: one.catchup,
    "NEXT": lambda one: "paused" if one.paused else short_time(one.next_due or "never"),
    "LAST": lambda one: _outcome(one.last_firing) if one.last_firing else NONE,
}
_FIRINGS: Final[Columns[FiringBody]] = {
    "FIRED": lambda one: short_time(one.fired_at),
    ">INDEX": lambda one: one.index,
    "DUE": lambda one: "by hand" if one.manual else short_time(one.due_at or NONE),
    "OUTCOME": _outcome,
}


@click.group(cls=CommandGroup)
def schedule() -> None:
    """Look at the cron triggers of graphs, pause, resume and fire them."""


@schedule.command("list")
@output_option
@with_connection
def list_schedules(connection: Connection, output: str) -> None:
    """List the schedules of a namespace: when each is due next, and what came of its last firing."""
    found = connection.fetch(LIST_SCHEDULES, SchedulesResponse)
    show_list(output, found.schedules, _SCHEDULES, f"no schedules in namespace {connection.namespace!r}")


@schedule.command("firings")
@_GRAPH
@output_option
@with_connection
def list_firings(connection: Connection, graph_name: str, output: str) -> None:
    """List what came of the last 100 firings of the schedules of GRAPH, newest first."""
    found = connection.fetch(LIST_FIRINGS, FiringsResponse, graph_name=graph_name)
    show_list(output, found.firings, _FIRINGS, f"no schedule of graph {graph_name!r} has fired")


@schedule.command("pause")
@_GRAPH
@_INDEX
@output_option
@with_connection
def pause_schedule(connection: Connection, graph_name: str, index: int, output: str) -> None:
    """Let a schedule of GRAPH not fire until it is resumed."""
    found = connection.fetch(PAUSE_SCHEDULE, ScheduleBody, graph_name=graph_name, index=index)
    _show(output, found)


@schedule.command("resume")
@_GRAPH
@_INDEX
@output_option
@with_connection
def resume_schedule(connection: Connection, graph_name: str, index: int, output: str) -> None:
    """Let a paused schedule of GRAPH fire again. What was due meanwhile does not fire."""
    found = connection.fetch(RESUME_SCHEDULE, ScheduleBody, graph_name=graph_name, index=index)
    _show(output, found)


@schedule.command("run")
@_GRAPH
@_INDEX
@output_option
@with_connection
def run_schedule(connection: Connection, graph_name: str, index: int, output: str) -> None:
    """Fire a schedule of GRAPH now, paused or not, and print the id of its run. When it is due next stays as it is."""
    found = connection.fetch(RUN_SCHEDULE, FiringBody, graph_name=graph_name, index=index)
    show_one(output, found, lambda: console().print(printable(found.run_id or _outcome(found))))


def _show(output: str, found: ScheduleBody) -> None:
    then = (
        "is paused"
        if found.paused
        else f"fires next at {short_time(found.next_due)}"
        if found.next_due
        else "is not due"
    )
    text = f"schedule {found.index} of graph {found.graph_name!r} ({found.expression}) {then}"
    show_one(output, found, lambda: console().print(printable(text), soft_wrap=True))
