"""`exosphere graph`: declare graphs, look at them, steer and delete them."""

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Final

import click

from exosphere_cli.command_group import CommandGroup
from exosphere_cli.connection import Connection, with_connection
from exosphere_cli.exit_codes import ExitCode
from exosphere_cli.formats import Columns, output_option, show_list, show_one
from exosphere_cli.graph_diff import diff_graph, export_graph
from exosphere_cli.graph_options import FILE, FILE_NAME, SECRETS, place_of, with_secrets
from exosphere_cli.graph_report import GRAPH_COLUMNS, print_graph
from exosphere_cli.output import console, printable, short_time
from exosphere_core.api import (
    DELETE_GRAPH,
    GET_GRAPH,
    GET_VERSION,
    LIST_GRAPHS,
    LIST_VERSIONS,
    PAUSE_GRAPH,
    RESUME_GRAPH,
    UPSERT_GRAPH,
    VALIDATE_GRAPH,
    DeleteGraphResponse,
    GraphResponse,
    GraphsResponse,
    GraphVersionsResponse,
    GraphVersionSummary,
    ValidateGraphResponse,
)
from exosphere_core.client import ApiClient
from exosphere_core.errors import InvalidGraph
from exosphere_core.graph_file import read_graph_file

#: Seconds between two looks at a graph whose nodes are not registered yet.
_LOOK_S: Final = 0.5

_NAME = click.argument("graph_name", metavar="GRAPH")


@click.group(cls=CommandGroup)
def graph() -> None:
    """Declare graphs, look at them, pause and delete them."""


graph.add_command(diff_graph)
graph.add_command(export_graph)


@graph.command("apply")
@FILE
@FILE_NAME
@SECRETS
@click.option(
    "--wait-valid",
    type=click.FloatRange(min=0),
    default=0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for a graph to become valid, such as for its nodes to be registered by a worker.",
)
@output_option
@with_connection
def apply_graph(
    connection: Connection, file: Path, name: str | None, secrets: tuple[str, ...], wait_valid: float, output: str
) -> None:
    """Create the graph in FILE (JSON or YAML), or a new version of it.

    \b
      name: my-graph              # or graph_name; or --name
      namespace: default          # optional; --namespace wins over it
      nodes:
        - identifier: load
          node_name: LoadNode
          namespace: default
          inputs: {source: initial}
          next_nodes: [process]
        - identifier: process
          node_name: ProcessNode
          namespace: default
          inputs: {data: "${{ load.outputs.data }}"}
      secrets: {api_key: …}       # this and what follows is optional; see also --secret-env
      retry_policy: {max_retries: 3, strategy: EXPONENTIAL, backoff_factor: 2000}
      store_config: {required_keys: [cursor], default_values: {size: "100"}}
      triggers:
        - {type: CRON, value: {expression: "0 9 * * 1-5", timezone: Europe/Paris}}

    Runs that were started before keep the version that they began with.

    Exits with 1 when the graph is not valid, and lists everything that is wrong with it.
    """
    declared = with_secrets(read_graph_file(file), secrets, os.environ)
    namespace, graph_name = place_of(declared, file, name, connection)

    async def work(client: ApiClient) -> GraphResponse:
        answer = await client.call(UPSERT_GRAPH, body=declared.content, namespace=namespace, graph_name=graph_name)
        deadline = time.monotonic() + wait_valid
        while (found := GraphResponse.model_validate(answer)).validation_status != "VALID":
            if time.monotonic() + _LOOK_S > deadline:
                break
            await asyncio.sleep(_LOOK_S)
            answer = await client.call(GET_GRAPH, namespace=namespace, graph_name=graph_name)
        return found

    found = connection.ask(work)
    what = f"graph {found.name!r} version {found.version} in namespace {found.namespace!r}"
    if found.validation_status != "VALID":
        raise InvalidGraph(f"{what} is stored but {found.validation_status}:", found.validation_errors)
    show_one(output, found, lambda: console().print(f"{what} is {found.validation_status}"))


@graph.command("validate")
@FILE
@FILE_NAME
@SECRETS
@output_option
@click.pass_context
@with_connection
def validate_graph(
    connection: Connection, context: click.Context, file: Path, name: str | None, secrets: tuple[str, ...], output: str
) -> None:
    """Check the graph in FILE as `graph apply` would, against the nodes that are registered; nothing is stored.

    Exits with 0 when it is valid, with 3 when it is not, and lists everything that is wrong with it.
    """
    declared = with_secrets(read_graph_file(file), secrets, os.environ)
    namespace, graph_name = place_of(declared, file, name, connection)
    found = connection.fetch(
        VALIDATE_GRAPH, ValidateGraphResponse, body=declared.content, namespace=namespace, graph_name=graph_name
    )

    def plain() -> None:
        if found.valid:
            console().print(f"graph {graph_name!r} is valid in namespace {namespace!r}")
            return
        out = console(stderr=True)
        out.print(f"graph {graph_name!r} is not valid in namespace {namespace!r}:")
        for error in found.errors:
            out.print(printable(f"  - {error}"), soft_wrap=True)

    show_one(output, found, plain)
    context.exit(ExitCode.DONE if found.valid else ExitCode.NO)


@graph.command("list")
@output_option
@with_connection
def list_graphs(connection: Connection, output: str) -> None:
    """List the graphs of a namespace, in order of the name."""
    found = connection.fetch(LIST_GRAPHS, GraphsResponse)
    show_list(output, found.templates, GRAPH_COLUMNS, f"no graphs in namespace {connection.namespace!r}")


@graph.command("show")
@_NAME
@click.option("--version", type=click.IntRange(min=1), help="Which version.  [default: the newest]")
@output_option
@with_connection
def show_graph(connection: Connection, graph_name: str, version: int | None, output: str) -> None:
    """Show GRAPH: its nodes as a tree, whether it is valid, its schedules and store. Secrets are named, never shown."""
    found = (
        connection.fetch(GET_GRAPH, GraphResponse, graph_name=graph_name)
        if version is None
        else connection.fetch(GET_VERSION, GraphResponse, graph_name=graph_name, version=version)
    )
    show_one(output, found, lambda: print_graph(console(), found))


@graph.command("versions")
@_NAME
@click.option("--before", type=click.IntRange(min=1), metavar="VERSION", help="Only versions below this one.")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="How many at most.")
@output_option
@with_connection
def list_versions(connection: Connection, graph_name: str, before: int | None, limit: int, output: str) -> None:
    """List the versions of GRAPH, newest first."""
    query: dict[str, str | int] = {"limit": limit} if before is None else {"limit": limit, "before": before}
    found = connection.fetch(LIST_VERSIONS, GraphVersionsResponse, query=query, graph_name=graph_name)
    columns: Columns[GraphVersionSummary] = {
        ">VERSION": lambda one: one.version,
        "CREATED": lambda one: short_time(one.created_at),
        ">NODES": lambda one: one.node_count,
        "NEWEST": lambda one: "yes" if one.newest else "-",
    }
    show_list(output, found.versions, columns, f"no versions of graph {graph_name!r}")


@graph.command("pause")
@_NAME
@output_option
@with_connection
def pause_graph(connection: Connection, graph_name: str, output: str) -> None:
    """Let no run of GRAPH begin until it is resumed; those that run go on."""
    found = connection.fetch(PAUSE_GRAPH, GraphResponse, graph_name=graph_name)
    show_one(output, found, lambda: console().print(f"graph {graph_name!r} is paused"))


@graph.command("resume")
@_NAME
@output_option
@with_connection
def resume_graph(connection: Connection, graph_name: str, output: str) -> None:
    """Let runs of GRAPH begin again. What its schedules were due for meanwhile does not fire."""
    found = connection.fetch(RESUME_GRAPH, GraphResponse, graph_name=graph_name)
    show_one(output, found, lambda: console().print(f"graph {graph_name!r} is resumed"))


@graph.command("delete")
@_NAME
@click.option("--force", is_flag=True, help="Cancel its pending runs. Without, a graph that has any is not deleted.")
@click.option("--yes", "-y", is_flag=True, help="Ask nothing. In a terminal the command asks first.")
@output_option
@with_connection
def delete_graph(connection: Connection, graph_name: str, force: bool, yes: bool, output: str) -> None:
    """Delete GRAPH with its versions, secrets and schedules. Records of its runs stay until their retention time is over."""
    question = f"Delete graph {graph_name!r} of namespace {connection.namespace!r}?"
    if not yes and sys.stdin.isatty() and not click.confirm(question, err=True):
        raise click.ClickException("nothing was deleted")
    found = connection.fetch(
        DELETE_GRAPH, DeleteGraphResponse, query={"force": str(force).lower()}, graph_name=graph_name
    )

    def plain() -> None:
        more = f"; {found.cancelled_runs} runs were cancelled" if found.cancelled_runs else ""
        console().print(f"graph {graph_name!r} is deleted{more}")

    show_one(output, found, plain)
