"""`exosphere runtime`: who executes nodes."""

from typing import Final

import click

from exosphere_cli.command_group import CommandGroup
from exosphere_cli.connection import Connection, with_connection
from exosphere_cli.formats import NONE, Columns, output_option, show_list
from exosphere_cli.output import short_time
from exosphere_core.api import LIST_RUNTIMES, RuntimeBody, RuntimesResponse

_COLUMNS: Final[Columns[RuntimeBody]] = {
    "ID": lambda one: one.id,
    "NAME": lambda one: one.runtime_name or NONE,
    "ALIVE": lambda one: "yes" if one.alive else "no",
    ">RUNNING": lambda one: one.running,
    ">LAST SEEN": lambda one: NONE if one.last_seen_ms is None else f"{one.last_seen_ms / 1000:.1f} s",
    "VERSION": lambda one: one.version or NONE,
    "SINCE": lambda one: short_time(one.registered_at) if one.registered_at else NONE,
    "NODES": lambda one: ", ".join(one.nodes) or NONE,
}


@click.group(cls=CommandGroup)
def runtime() -> None:
    """Look at the runtimes: the processes that execute nodes."""


@runtime.command("list")
@click.option("--alive", is_flag=True, help="Only those that were heard of within a lease.")
@output_option
@with_connection
def list_runtimes(connection: Connection, alive: bool, output: str) -> None:
    """List the runtimes of a namespace: whether they are alive, what they run, on which version. One that is gone is
    left out after an hour."""
    pages = connection.fetch_all(LIST_RUNTIMES, RuntimesResponse)
    found = [one for page in pages for one in page.runtimes if one.alive or not alive]
    nothing = f"no runtimes {'are alive ' if alive else ''}in namespace {connection.namespace!r}"
    show_list(output, found, _COLUMNS, f"{nothing}; start one with: exosphere worker package.module:runtime")
