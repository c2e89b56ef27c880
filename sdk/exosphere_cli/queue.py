"""`exosphere queue`: what waits and runs, by node."""

from typing import Final

import click

from exosphere_cli.command_group import CommandGroup
from exosphere_cli.connection import Connection, with_connection
from exosphere_cli.formats import NONE, Columns, output_option, show_list, show_one
from exosphere_cli.output import console, printable
from exosphere_core.api import LIST_QUEUES, PAUSE_QUEUE, RESUME_QUEUE, PausedQueueBody, QueueBody, QueuesResponse, Row

_NODE: Final = click.argument("node_name", metavar="NODE")

_COLUMNS: Final[Columns[QueueBody]] = {
    "NODE": lambda one: one.node_name,
    ">WAITING": lambda one: one.depth,
    ">RUNNING": lambda one: one.running,
    ">OLDEST": lambda one: NONE if one.oldest_age_ms is None else f"{one.oldest_age_ms / 1000:.0f} s",
    ">RUNTIMES": lambda one: one.consumers,
    "PAUSED": lambda one: "yes" if one.paused else NONE,
}


@click.group(cls=CommandGroup)
def queue() -> None:
    """Look at the queues of nodes, pause and resume them."""


@queue.command("list")
@output_option
@with_connection
def list_queues(connection: Connection, output: str) -> None:
    """List of each node: how many states wait for a runtime and since when, how many run, how many runtimes take them."""
    pages = connection.fetch_all(LIST_QUEUES, QueuesResponse)
    found = [one for page in pages for one in page.queues]
    show_list(output, found, _COLUMNS, f"no queues in namespace {connection.namespace!r}: no node is registered")


@queue.command("pause")
@_NODE
@output_option
@with_connection
def pause_queue(connection: Connection, node_name: str, output: str) -> None:
    """Give no state of NODE to any runtime until it is resumed. What runs goes on; what comes waits."""
    _steer(connection, PAUSE_QUEUE, node_name, output)


@queue.command("resume")
@_NODE
@output_option
@with_connection
def resume_queue(connection: Connection, node_name: str, output: str) -> None:
    """Give out the states of NODE again, in the order in which they came."""
    _steer(connection, RESUME_QUEUE, node_name, output)


def _steer(connection: Connection, row: Row, node_name: str, output: str) -> None:
    found = connection.fetch(row, PausedQueueBody, node_name=node_name)
    what = "is paused" if found.paused else "is not paused"
    show_one(output, found, lambda: console().print(printable(f"queue of node {found.node_name!r} {what}")))
