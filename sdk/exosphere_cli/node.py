"""`exosphere node`: the nodes that are registered."""

from typing import Final

import click

from exosphere_cli.command_group import CommandGroup
from exosphere_cli.connection import Connection, with_connection
from exosphere_cli.formats import NONE, Columns, output_option, show_list
from exosphere_cli.output import short_time
from exosphere_core.api import LIST_NODES, NodesResponse, RegisteredNode


def _fields(schema: dict[str, object]) -> str:
    properties = schema.get("properties")
    return ", ".join(map(str, properties)) if isinstance(properties, dict) and properties else NONE


_COLUMNS: Final[Columns[RegisteredNode]] = {
    "NAME": lambda one: one.name,
    "INPUTS": lambda one: _fields(one.inputs_schema),
    "OUTPUTS": lambda one: _fields(one.outputs_schema),
    "SECRETS": lambda one: ", ".join(one.secrets) or NONE,
    "RUNTIME": lambda one: one.runtime_name,
    "REGISTERED": lambda one: short_time(one.updated_at),
}


@click.group(cls=CommandGroup)
def node() -> None:
    """Look at the nodes that runtimes registered."""


@node.command("list")
@output_option
@with_connection
def list_nodes(connection: Connection, output: str) -> None:
    """List the nodes of a namespace: their inputs and outputs, the secrets that they need, who registered them."""
    found = connection.fetch(LIST_NODES, NodesResponse)
    show_list(output, found.nodes, _COLUMNS, f"no nodes in namespace {connection.namespace!r}; a worker registers them")
