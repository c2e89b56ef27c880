"""`exosphere run`: start runs, watch them, look at them."""

import sys
from collections.abc import Iterable, Sequence
from secrets import token_hex
from typing import TextIO

import click
from rich.console import Console

from exosphere_cli.command_group import CommandGroup
from exosphere_cli.connection import Connection, with_connection
from exosphere_cli.output import console, short_time, table
from exosphere_cli.run_file import read_runs, start_runs
from exosphere_cli.run_progress import follow, watch_progress
from exosphere_cli.run_report import print_failures, print_run
from exosphere_core.api import (
    GET_RUN,
    GET_STRUCTURE,
    LIST_RUNS,
    TRIGGER,
    RunResponse,
    RunsResponse,
    StructureResponse,
    TriggerResponse,
)
from exosphere_core.client import ApiClient
from exosphere_core.names import name_error
from exosphere_core.states import RunStatus


@click.group(cls=CommandGroup)
def run() -> None:
    """Start runs of graphs, watch them, look at them."""


@run.command("start")
@click.argument("graph_name", metavar="GRAPH")
@click.option("--input", "-i", "inputs", multiple=True, metavar="KEY=VALUE", help="Replaces an input of the root node.")
@click.option("--store", "-s", "store", multiple=True, metavar="KEY=VALUE", help="Sets a key of the run's store.")
@click.option("--delay", type=click.IntRange(min=0), default=0, metavar="MS", help="Start that many ms from now.")
@click.option("--wait", is_flag=True, help="Show the progress of each node and wait for the end.")
@click.option(
    "--from",
    "file",
    type=click.File(encoding="utf-8"),
    metavar="FILE",
    help='Start many runs: one a line, as {"inputs": {…}, "store": {…}, "start_delay": ms}. `-` reads standard input.',
)
@click.option(
    "--idempotency-key",
    metavar="NAME",
    help="With --from: names these runs. The same file with the same name starts what was not started, and nothing twice.",
)
@with_connection
def start_run(
    connection: Connection,
    graph_name: str,
    inputs: tuple[str, ...],
    store: tuple[str, ...],
    delay: int,
    wait: bool,
    file: TextIO | None,
    idempotency_key: str | None,
) -> None:
    """Start a run of GRAPH and print its id, or start many and print their ids, one a line.

    With --wait: exits with 0 when the run ends in SUCCESS, else with 1, and shows what failed.
    Ctrl-C ends the waiting, not the run.

    \b
      exosphere run start my-graph -i source=s3://bucket -s cursor=0 --wait
      exosphere run start my-graph --from days.jsonl
    """
    if error := name_error("graph name", graph_name):
        raise click.UsageError(error)
    if file is not None:
        if inputs or store or delay or wait:
            raise click.UsageError("--from takes neither --input, --store, --delay nor --wait: each line has its own")
        _start_many(connection, graph_name, file, idempotency_key or token_hex(16))
        return
    if idempotency_key is not None:
        raise click.UsageError("--idempotency-key is for --from alone")
    body = {"inputs": _pairs("--input", inputs), "store": _pairs("--store", store), "start_delay": delay}

    async def trigger(client: ApiClient) -> TriggerResponse:
        return TriggerResponse.model_validate(
            await client.call(TRIGGER, body=body, namespace=connection.namespace, graph_name=graph_name)
        )

    started = connection.ask(trigger)
    out, notes = console(), console(stderr=True)
    out.print(started.run_id)
    _note_ignored(notes, started.ignored_inputs)
    if not wait:
        return

    async def wait_for_end(client: ApiClient) -> RunResponse:
        with watch_progress(notes) as show:
            return await follow(client, connection.namespace, started.run_id, show, live=notes.is_terminal)

    try:
        ended = connection.ask(wait_for_end)
    except KeyboardInterrupt:
        notes.print(f"the run goes on; look at it with: exosphere run show {started.run_id}")
        raise
    _print_whole(connection, ended)
    if ended.status != RunStatus.SUCCESS:
        sys.exit(1)


def _start_many(connection: Connection, graph_name: str, file: TextIO, key: str) -> None:
    lines = read_runs(file)
    notes = console(stderr=True)
    started = start_runs(connection, graph_name, file.name, lines, key, notes)
    out = console()
    for run_id in started.run_ids:
        out.out(run_id)
    _note_ignored(notes, started.ignored_inputs)


def _note_ignored(notes: Console, names: Sequence[str]) -> None:
    if names:
        notes.print(f"note: the root node has no input {', '.join(map(repr, names))}; ignored")


@run.command("list")
@click.option("--page", type=click.IntRange(min=1), default=1, show_default=True, help="Which page.")
@click.option("--size", type=click.IntRange(1, 1000), default=20, show_default=True, help="Runs on a page.")
@with_connection
def list_runs(connection: Connection, page: int, size: int) -> None:
    """List the runs of a namespace, newest first."""

    async def work(client: ApiClient) -> RunsResponse:
        return RunsResponse.model_validate(
            await client.call(LIST_RUNS, namespace=connection.namespace, page=page, size=size)
        )

    found = connection.ask(work)
    notes = console(stderr=True)
    if not found.runs:
        notes.print(f"no runs in namespace {connection.namespace!r}" + (f" on page {page}" if page > 1 else ""))
        return
    columns = ("RUN", "GRAPH", "STATUS", ">STATES", ">SUCCESS", ">PENDING", ">ERRORED", ">RETRIED", "CREATED")
    rows = [
        (
            one.run_id, one.graph_name, one.status, one.total_count, one.success_count,
            one.pending_count, one.errored_count, one.retried_count, short_time(one.created_at),
        )
        for one in found.runs
    ]  # fmt: skip
    console().print(table(columns, rows))
    pages = -(-found.total // size)
    if pages > 1:
        notes.print(f"page {page} of {pages}, {found.total} runs")


@run.command("show")
@click.argument("run_id")
@with_connection
def show_run(connection: Connection, run_id: str) -> None:
    """Show a run: its status, the progress of each node, and what failed with which error."""

    async def work(client: ApiClient) -> RunResponse:
        return RunResponse.model_validate(await client.call(GET_RUN, namespace=connection.namespace, run_id=run_id))

    _print_whole(connection, connection.ask(work))


def _print_whole(connection: Connection, found: RunResponse) -> None:
    """Print a run and, when there are any, its failed states: their errors are asked for only then."""

    async def work(client: ApiClient) -> StructureResponse:
        return StructureResponse.model_validate(
            await client.call(GET_STRUCTURE, namespace=connection.namespace, run_id=found.run_id)
        )

    out = console()
    print_run(out, found)
    if found.errored_count:
        print_failures(out, connection.ask(work))


def _pairs(option: str, given: Iterable[str]) -> dict[str, str]:
    """Read `key=value` options; the value may hold more `=`."""
    pairs: dict[str, str] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise click.UsageError(f"{option} {text!r}: write it as KEY=VALUE")
        if key in pairs:
            raise click.UsageError(f"{option} gives {key!r} twice")
        pairs[key] = value
    return pairs
