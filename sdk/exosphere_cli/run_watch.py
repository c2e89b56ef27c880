"""`exosphere run wait` and `run watch`: staying with a run until it has ended."""

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, NoReturn

import click
from rich.console import Console

from exosphere_cli.connection import Connection, with_connection
from exosphere_cli.exit_codes import ExitCode
from exosphere_cli.formats import output_option, show_one
from exosphere_cli.live_tree import watch_tree
from exosphere_cli.output import console
from exosphere_cli.run_progress import follow, watch_progress
from exosphere_cli.run_report import print_failures, print_run
from exosphere_core.api import GET_RUN, GET_STRUCTURE, GET_VERSION, GraphResponse, RunResponse, StructureResponse
from exosphere_core.client import ApiClient
from exosphere_core.states import RunStatus

_RUN: Final = click.argument("run_id", metavar="RUN")
_TIMEOUT: Final = click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long to wait at most.  [default: without end]",
)


@click.command("wait")
@_RUN
@_TIMEOUT
@output_option
@with_connection
def wait_run(connection: Connection, run_id: str, timeout: float | None, output: str) -> None:
    """Wait for the end of RUN, and show it.

    Exits with 0 when it ended in SUCCESS, with 3 when it ended otherwise, with 5 when it has not ended in time.
    Ctrl-C ends the waiting, not the run.
    """
    ended = wait_for_end(connection, run_id, console(stderr=True), timeout)
    show_one(output, ended, lambda: print_whole(connection, ended))
    end_with(ended)


@click.command("watch")
@_RUN
@_TIMEOUT
@with_connection
def watch_run(connection: Connection, run_id: str, timeout: float | None) -> None:
    """Show RUN as a tree of its graph's nodes that follows what happens, until it has ended.

    Each node tells how many of its states succeeded, wait or run, failed and were retried. Where there is no terminal, a line is
    printed whenever more states have ended. Exits as `run wait` does.
    """
    out = console()
    deadline = None if timeout is None else monotonic() + timeout

    async def work(client: ApiClient) -> RunResponse:
        found = RunResponse.model_validate(await client.call(GET_RUN, namespace=connection.namespace, run_id=run_id))
        graph = GraphResponse.model_validate(
            await client.call(
                GET_VERSION, namespace=connection.namespace, graph_name=found.graph_name, version=found.version
            )
        )
        with watch_tree(out, graph) as show:
            show(found)
            return await follow(client, connection.namespace, run_id, show, live=out.is_terminal, deadline=deadline)

    ended = _until_interrupted(connection, run_id, work)
    if ended.errored_count:
        _print_failures(connection, out, ended)
    end_with(ended)


def wait_for_end(connection: Connection, run_id: str, notes: Console, timeout_s: float | None = None) -> RunResponse:
    """Wait for a run's end and show its progress on the way.

    Raises:
        TimedOut: it has not ended in time.
        ExosphereError: as the client does.
    """
    deadline = None if timeout_s is None else monotonic() + timeout_s

    async def work(client: ApiClient) -> RunResponse:
        with watch_progress(notes) as show:
            return await follow(client, connection.namespace, run_id, show, live=notes.is_terminal, deadline=deadline)

    return _until_interrupted(connection, run_id, work)


def print_whole(connection: Connection, found: RunResponse) -> None:
    """Print a run and, when there are any, its failed states: their errors are asked for only then."""
    out = console()
    print_run(out, found)
    if found.errored_count:
        _print_failures(connection, out, found)


def end_with(ended: RunResponse) -> NoReturn:
    """End the command with the exit code that tells how a run ended."""
    click.get_current_context().exit(ExitCode.DONE if ended.status == RunStatus.SUCCESS else ExitCode.NO)


def _print_failures(connection: Connection, out: Console, found: RunResponse) -> None:
    print_failures(out, connection.fetch(GET_STRUCTURE, StructureResponse, run_id=found.run_id))


def _until_interrupted(
    connection: Connection, run_id: str, work: Callable[[ApiClient], Awaitable[RunResponse]]
) -> RunResponse:
    try:
        return connection.ask(work)
    except KeyboardInterrupt:
        console(stderr=True).print(f"the run goes on; look at it with: exosphere run show {run_id}")
        raise
