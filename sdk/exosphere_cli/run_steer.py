"""`exosphere run cancel` and `run rerun`."""

from typing import Final

import click

from exosphere_cli.connection import Connection, with_connection
from exosphere_cli.formats import Format, output_option, print_data, show_one
from exosphere_cli.output import console
from exosphere_cli.pairs import INPUTS, STORE, pairs
from exosphere_cli.run_watch import end_with, print_whole, wait_for_end
from exosphere_core.api import CANCEL_RUN, RERUN, RerunResponse, RunResponse

_RUN: Final = click.argument("run_id", metavar="RUN")


@click.command("cancel")
@_RUN
@output_option
@with_connection
def cancel_run(connection: Connection, run_id: str, output: str) -> None:
    """Cancel RUN: what waits is never run, and nodes that run are told. Again changes nothing."""
    found = connection.fetch(CANCEL_RUN, RunResponse, run_id=run_id)

    def plain() -> None:
        left = f"; {found.pending_count} states are still to be cancelled" if found.pending_count else ""
        console().print(f"run {found.run_id} is {found.status}{left}")

    show_one(output, found, plain)


@click.command("rerun")
@_RUN
@click.option(
    "--from", "identifier", metavar="NODE", help="The node where it begins, each of its states.  [default: the root]"
)
@click.option("--from-state", "state_id", metavar="STATE", help="The one state where it begins, in place of --from.")
@INPUTS
@STORE
@click.option("--wait", is_flag=True, help="Show the progress of each node and wait for the end.")
@output_option
@with_connection
def rerun(
    connection: Connection, run_id: str, identifier: str | None, state_id: str | None, inputs: tuple[str, ...],
    store: tuple[str, ...], wait: bool, output: str,
) -> None:  # fmt: skip
    """Make a new run of RUN's graph version that takes over what lies before a node, and print its id.

    RUN stays as it is. With --wait: exits with 0 when the new run ends in SUCCESS, else with 3.

    \b
      exosphere run rerun 0f8fad5b-d9cb-469f-a165-70867728950e --from parse -i strict=no --wait
    """
    if identifier is not None and state_id is not None:
        raise click.UsageError("--from and --from-state exclude each other")
    body = {
        "identifier": identifier,
        "state_id": state_id,
        "inputs": pairs("--input", inputs),
        "store": pairs("--store", store),
    }
    made = connection.fetch(RERUN, RerunResponse, body=body, run_id=run_id)
    if output == Format.TABLE:
        console().print(made.run_id)
    elif not wait:
        print_data(output, made.model_dump(mode="json"))
    if wait:
        ended = wait_for_end(connection, made.run_id, console(stderr=True))
        show_one(output, ended, lambda: print_whole(connection, ended))
        end_with(ended)
