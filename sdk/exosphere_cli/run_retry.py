"""`exosphere run retry`: what failed in one run, or in many."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from exosphere_cli.connection import Connection, with_connection
from exosphere_cli.formats import Format, output_option, print_data, show_one
from exosphere_cli.moments import moment
from exosphere_cli.output import console, printable
from exosphere_cli.run_watch import end_with, print_whole, wait_for_end
from exosphere_core.api import GET_BULK_RETRY, RETRY_RUN, RETRY_RUNS, BulkRetryResponse, RetryRunResponse
from exosphere_core.client import ApiClient

#: Seconds between two looks at how far a retry of many runs has come.
_LOOK_S: Final = 0.5
#: Seconds without a beginning after which it is said what may be missing.
_IDLE_S: Final = 15.0
_PAGE: Final = 1000


@click.command("retry")
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--graph", "graph_name", metavar="GRAPH", help="Without RUN: only runs of this graph.")
@click.option(
    "--status", type=click.Choice(["FAILED", "PENDING", "SUCCESS"]),
    help="Without RUN: only runs in this status.  [default: FAILED]",
)  # fmt: skip
@click.option(
    "--after",
    type=moment,
    metavar="TIME",
    help="Without RUN: only runs created then or later: an ISO time, or 2h for two hours ago.",
)
@click.option("--before", type=moment, metavar="TIME", help="Without RUN: only runs created then or earlier.")
@click.option(
    "--all", "every", is_flag=True, help="Without RUN: all runs of the namespace that the other options mean."
)
@click.option("--wait", is_flag=True, help="With RUN: show the progress of each node and wait for the end.")
@output_option
@with_connection
def retry_run(
    connection: Connection, run_id: str | None, graph_name: str | None, status: str | None, after: str | None,
    before: str | None, every: bool, wait: bool, output: str,
) -> None:  # fmt: skip
    """Retry every state of RUN that failed; the run goes on. Or of all runs that are meant, in the background.

    With --wait: exits with 0 when the run ends in SUCCESS, else with 3. Of many runs it is waited until each was looked at, and
    told which states are retried and which stay as they are; Ctrl-C ends the waiting, not the retrying.

    \b
      exosphere run retry 0f8fad5b-d9cb-469f-a165-70867728950e --wait
      exosphere run retry --graph etl --after 2h
    """
    wanted = {"graph_name": graph_name, "status": status, "created_after": after, "created_before": before}
    body = {name: value for name, value in wanted.items() if value is not None}
    if run_id is not None:
        if body or every:
            raise click.UsageError("give RUN, or options that tell which runs are meant, not both")
        _retry_one(connection, run_id, wait, output)
        return
    if wait:
        raise click.UsageError("--wait is for one RUN")
    if not body and not every:
        raise click.UsageError("give RUN, or --graph, --status, --after, --before, or --all for every run that failed")
    _retry_many(connection, body, output)


def _retry_one(connection: Connection, run_id: str, wait: bool, output: str) -> None:
    done = connection.fetch(RETRY_RUN, RetryRunResponse, run_id=run_id)
    notes = console(stderr=True)
    for state, why in done.refused.items():
        notes.print(printable(f"state {state} stays as it is: {why}"), soft_wrap=True)
    if output == Format.TABLE:
        console().print(f"{done.count} {'state is' if done.count == 1 else 'states are'} retried")
    elif not wait:
        print_data(output, done.model_dump(mode="json"))
    if wait:
        ended = wait_for_end(connection, run_id, notes)
        show_one(output, ended, lambda: print_whole(connection, ended))
        end_with(ended)


def _retry_many(connection: Connection, body: dict[str, Any], output: str) -> None:
    begun = connection.fetch(RETRY_RUNS, BulkRetryResponse, body=body)
    notes = console(stderr=True)

    async def work(client: ApiClient) -> BulkRetryResponse:
        with _progress(notes) as show:
            await _until_finished(client, connection.namespace, begun.id, show, notes)
        return await _whole(client, connection.namespace, begun.id)

    try:
        done = connection.ask(work)
    except KeyboardInterrupt:
        notes.print("it goes on in the background")
        raise
    for run in done.runs:
        for what, why in run.refused.items():
            notes.print(printable(f"run {run.run_id}: {what} stays as it is: {why}"), soft_wrap=True)
    text = f"{done.retried_count} states of {done.count} runs are retried, {done.refused_count} stay as they are"
    show_one(output, done, lambda: console().print(text))


async def _until_finished(
    client: ApiClient, namespace: str, bulk_id: str, show: Callable[[BulkRetryResponse], None], notes: Console
) -> None:
    warn_at: float | None = monotonic() + _IDLE_S
    while True:
        raw = await client.call(GET_BULK_RETRY, query={"limit": 1}, namespace=namespace, bulk_id=bulk_id)
        found = BulkRetryResponse.model_validate(raw)
        show(found)
        if found.status == "FINISHED":
            return
        if found.looked_at_count:
            warn_at = None
        elif warn_at is not None and monotonic() > warn_at:
            warn_at = None
            notes.print("note: it has not begun yet; do the background jobs run (exosphere background)?")
        await asyncio.sleep(_LOOK_S)


async def _whole(client: ApiClient, namespace: str, bulk_id: str) -> BulkRetryResponse:
    query: dict[str, str | int | Sequence[str]] = {"limit": _PAGE}
    pages = []
    while True:
        raw = await client.call(GET_BULK_RETRY, query=query, namespace=namespace, bulk_id=bulk_id)
        pages.append(BulkRetryResponse.model_validate(raw))
        if pages[-1].next_cursor is None:
            runs = [run for page in pages for run in page.runs]
            return pages[-1].model_copy(update={"runs": runs, "count": len(runs)})
        query["cursor"] = pages[-1].next_cursor


@contextmanager
def _progress(notes: Console) -> Iterator[Callable[[BulkRetryResponse], None]]:
    """Give a function that shows how far it has come: a bar in a terminal, else nothing. How many there are nobody knows."""
    if not notes.is_terminal:
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"), TimeElapsedColumn())
    with Progress(*columns, console=notes) as progress:
        task = progress.add_task("retrying", total=None, told="")

        def show(found: BulkRetryResponse) -> None:
            told = f"{found.looked_at_count} runs looked at, {found.retried_count} states retried"
            finished = found.status == "FINISHED"
            progress.update(task, told=told, total=1 if finished else None, completed=1 if finished else 0)

        yield show
