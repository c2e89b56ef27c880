"""`exosphere graph`: declare graphs and list them."""

import asyncio
import time
from pathlib import Path
from typing import Final

import click

from exosphere_cli.command_group import CommandGroup
from exosphere_cli.connection import Connection, with_connection
from exosphere_cli.output import console, short_time, table
from exosphere_core.api import GET_GRAPH, LIST_GRAPHS, UPSERT_GRAPH, GraphResponse, GraphsResponse
from exosphere_core.client import ApiClient
from exosphere_core.errors import InvalidGraph
from exosphere_core.graph_file import read_graph_file
from exosphere_core.names import name_error

#: Seconds between two looks at a graph whose nodes are not registered yet.
_LOOK_S: Final = 0.5


@click.group(cls=CommandGroup)
def graph() -> None:
    """Declare graphs and list them."""


@graph.command("apply")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="Name of the graph. Wins over the file's.")
@click.option(
    "--wait-valid",
    type=click.FloatRange(min=0),
    default=0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for a graph to become valid, such as for its nodes to be registered by a worker.",
)
@with_connection
def apply_graph(connection: Connection, file: Path, name: str | None, wait_valid: float) -> None:
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
      secrets: {api_key: …}       # this and what follows is optional
      retry_policy: {max_retries: 3, strategy: EXPONENTIAL, backoff_factor: 2000}
      store_config: {required_keys: [cursor], default_values: {size: "100"}}
      triggers:
        - {type: CRON, value: {expression: "0 9 * * 1-5", timezone: Europe/Paris}}

    Runs that were started before keep the version that they began with.

    Exits with 1 when the graph is not valid, and lists everything that is wrong with it.
    """
    declared = read_graph_file(file)
    graph_name = name if name is not None else declared.name
    if graph_name is None:
        raise click.UsageError(f"{file} gives no name; add 'name' to it or use --name")
    namespace = connection.namespace
    if declared.namespace is not None and not connection.namespace_is_given:
        namespace = declared.namespace
    for error in (name_error("graph name", graph_name), name_error("namespace", namespace)):
        if error:
            raise click.UsageError(error)

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
    console().print(f"{what} is {found.validation_status}")


@graph.command("list")
@with_connection
def list_graphs(connection: Connection) -> None:
    """List the graphs of a namespace."""

    async def work(client: ApiClient) -> GraphsResponse:
        return GraphsResponse.model_validate(await client.call(LIST_GRAPHS, namespace=connection.namespace))

    found = connection.ask(work)
    if not found.templates:
        console(stderr=True).print(f"no graphs in namespace {connection.namespace!r}")
        return
    rows = [
        (one.name, one.version, one.validation_status, len(one.nodes), len(one.triggers), short_time(one.updated_at))
        for one in found.templates
    ]
    console().print(table(("NAME", ">VERSION", "STATUS", ">NODES", ">TRIGGERS", "UPDATED"), rows))
