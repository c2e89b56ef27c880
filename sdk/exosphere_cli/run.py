"""`exosphere run`: start runs, list them, look at them."""

from collections.abc import Sequence
from secrets import token_hex
from typing import Any, TextIO

import click
from rich.console import Console

from exosphere_cli.command_group import CommandGroup
from exosphere_cli.connection import Connection, with_connection
from exosphere_cli.formats import Columns, Format, output_option, print_data, show_list, show_one
from exosphere_cli.moments import moment
from exosphere_cli.output import console, short_time
from exosphere_cli.pairs import INPUTS, STORE, pairs
from exosphere_cli.run_file import read_runs, start_runs
from exosphere_cli.run_logs import show_logs
from exosphere_cli.run_retry import retry_run
from exosphere_cli.run_steer import cancel_run, rerun
from exosphere_cli.run_tree import show_tree
from exosphere_cli.run_watch import end_with, print_whole, wait_for_end, wait_run, watch_run
from exosphere_core.api import (
    FIND_RUNS,
    GET_RUN,
    LIST_RUNS,
    TRIGGER,
    FoundRunsResponse,
    RunResponse,
    RunsResponse,
    RunSummary,
    TriggerResponse,
)
from exosphere_core.client import ApiClient
from exosphere_core.names import name_error
from exosphere_core.states import RunStatus


@click.group(cls=CommandGroup)
def run() -> None:
    """Start runs of graphs, watch them, look at them, steer them."""


for _command in (wait_run, watch_run, show_logs, show_tree, cancel_run, retry_run, rerun):
    run.add_command(_command)


@run.command("start")
@click.argument("graph_name", metavar="GRAPH")
@INPUTS
@STORE
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
    help="Names this start: the same one again with the same name starts nothing twice, and of a file what was not started.",
)
@output_option
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
    output: str,
) -> None:
    """Start a run of GRAPH and print its id, or start many and print their ids, one a line.

    With --wait: exits with 0 when the run ends in SUCCESS, else with 3, and shows what failed.
    Ctrl-C ends the waiting, not the run.

    \b
      exosphere run start my-graph -i source=s3://bucket -s cursor=0 --wait
      exosphere run start my-graph --from days.jsonl
    """
    if error := name_error("graph name", graph_name):
        raise click.UsageError(error)
    key = token_hex(16) if idempotency_key is None else idempotency_key
    if error := name_error("--idempotency-key", key):
        raise click.UsageError(error)
    if file is not None:
        if inputs or store or delay or wait:
            raise click.UsageError("--from takes neither --input, --store, --delay nor --wait: each line has its own")
        _start_many(connection, graph_name, file, key, output)
        return
    body = {"inputs": pairs("--input", inputs), "store": pairs("--store", store), "start_delay": delay}
    started = connection.fetch(TRIGGER, TriggerResponse, body=body, idempotency_key=key, graph_name=graph_name)
    notes = console(stderr=True)
    if output == Format.TABLE:
        console().print(started.run_id)
    elif not wait:
        print_data(output, started.model_dump(mode="json"))
    _note_ignored(notes, started.ignored_inputs)
    if wait:
        ended = wait_for_end(connection, started.run_id, notes)
        show_one(output, ended, lambda: print_whole(connection, ended))
        end_with(ended)


def _start_many(connection: Connection, graph_name: str, file: TextIO, key: str, output: str) -> None:
    lines = read_runs(file)
    notes = console(stderr=True)
    started = start_runs(connection, graph_name, file.name, lines, key, notes)
    if output == Format.TABLE:
        out = console()
        for run_id in started.run_ids:
            out.out(run_id)
    else:
        print_data(output, {"run_ids": started.run_ids, "ignored_inputs": list(started.ignored_inputs)})
    _note_ignored(notes, started.ignored_inputs)


def _note_ignored(notes: Console, names: Sequence[str]) -> None:
    if names:
        notes.print(f"note: the root node has no input {', '.join(map(repr, names))}; ignored")


_COLUMNS: Columns[RunSummary] = {
    "RUN": lambda one: one.run_id,
    "GRAPH": lambda one: one.graph_name,
    "STATUS": lambda one: one.status,
    ">STATES": lambda one: one.total_count,
    ">SUCCESS": lambda one: one.success_count,
    ">PENDING": lambda one: one.pending_count,
    ">ERRORED": lambda one: one.errored_count,
    ">RETRIED": lambda one: one.retried_count,
    "CREATED": lambda one: short_time(one.created_at),
}


@run.command("list")
@click.option("--page", type=click.IntRange(min=1), default=1, show_default=True, help="Which page.")
@click.option("--size", type=click.IntRange(1, 1000), default=20, show_default=True, help="Runs on a page.")
@click.option("--graph", "graph_name", metavar="GRAPH", help="Only runs of this graph.")
@click.option(
    "--status", multiple=True, type=click.Choice([str(one) for one in RunStatus]),
    help="Only runs in this status. May be repeated.",
)  # fmt: skip
@click.option(
    "--after",
    type=moment,
    metavar="TIME",
    help="Only runs created then or later: 2026-01-31T09:00:00Z, or 2h for two hours ago.",
)
@click.option("--before", type=moment, metavar="TIME", help="Only runs created then or earlier.")
@output_option
@with_connection
def list_runs(
    connection: Connection, page: int, size: int, graph_name: str | None, status: tuple[str, ...],
    after: str | None, before: str | None, output: str,
) -> None:  # fmt: skip
    """List the runs of a namespace, newest first. With a filter: the newest --size of those that are meant."""
    wanted = {"graph_name": graph_name, "status": list(status), "created_after": after, "created_before": before}
    query = {name: value for name, value in wanted.items() if value}
    if query:
        if page > 1:
            raise click.UsageError("--page does not go with a filter: take a larger --size, or --before")
        found = _find(connection, query, size)
        show_list(output, found, _COLUMNS, f"no such runs in namespace {connection.namespace!r}")
        return
    answer = connection.fetch(LIST_RUNS, RunsResponse, page=page, size=size)
    nothing = f"no runs in namespace {connection.namespace!r}" + (f" on page {page}" if page > 1 else "")
    show_list(output, answer.runs, _COLUMNS, nothing)
    pages = -(-answer.total // size)
    if answer.runs and pages > 1:
        console(stderr=True).print(f"page {page} of {pages}, {answer.total} runs")


def _find(connection: Connection, query: dict[str, Any], size: int) -> list[RunSummary]:
    async def work(client: ApiClient) -> list[RunSummary]:
        found: list[RunSummary] = []
        asked = dict(query)
        while True:
            raw = await client.call(
                FIND_RUNS, query={**asked, "limit": size - len(found)}, namespace=connection.namespace
            )
            page = FoundRunsResponse.model_validate(raw)
            found += page.runs
            if page.next_cursor is None or len(found) >= size:
                return found
            asked["cursor"] = page.next_cursor

    return connection.ask(work)


@run.command("show")
@click.argument("run_id", metavar="RUN")
@output_option
@with_connection
def show_run(connection: Connection, run_id: str, output: str) -> None:
    """Show a run: its status, the progress of each node, and what failed with which error."""
    found = connection.fetch(GET_RUN, RunResponse, run_id=run_id)
    show_one(output, found, lambda: print_whole(connection, found))
