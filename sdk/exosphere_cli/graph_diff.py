"""`exosphere graph diff` and `graph export`: what differs between two graphs; a graph as a file that can be applied."""

import os
from collections.abc import Iterable
from difflib import unified_diff
from pathlib import Path
from typing import Any, Final

import click
from pydantic import BaseModel
from rich.text import Text

from exosphere_cli.connection import Connection, with_connection
from exosphere_cli.exit_codes import ExitCode
from exosphere_cli.formats import Format, as_yaml, output_option, print_data, show_one
from exosphere_cli.graph_options import FILE_NAME, SECRETS, place_of, with_secrets
from exosphere_cli.output import console, printable
from exosphere_core.api import GET_GRAPH, GET_VERSION, GraphResponse
from exosphere_core.errors import InvalidGraph
from exosphere_core.graph.model import GraphTemplate
from exosphere_core.graph.structure import read_template
from exosphere_core.graph_file import GraphFile, read_graph_file

_STYLES: Final = {"+": "green", "-": "red", "@": "cyan"}
_VERSION: Final = click.IntRange(min=1)


class DiffBody(BaseModel):
    """What differs between two graphs."""

    differs: bool
    before: str
    after: str
    lines: list[str]


@click.command("diff")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@FILE_NAME
@SECRETS
@click.option("--graph", "stored", metavar="GRAPH", help="Compare two stored versions of GRAPH, in place of a FILE.")
@click.option("--from", "before", type=_VERSION, metavar="VERSION", help="The stored version that is compared with.")
@click.option(
    "--to", "after", type=_VERSION, metavar="VERSION", help="With --graph: the other one.  [default: the newest]"
)
@output_option
@click.pass_context
@with_connection
def diff_graph(
    connection: Connection, context: click.Context, file: Path | None, name: str | None, secrets: tuple[str, ...], stored: str | None,
    before: int | None, after: int | None, output: str,
) -> None:  # fmt: skip
    """Show what `graph apply FILE` would change, or what differs between two stored versions of a graph.

    Of secrets only the names are compared: their values are never read. Exits with 0 when nothing differs, else with 3.

    \b
      exosphere graph diff my-graph.yaml
      exosphere graph diff --graph my-graph --from 3
    """
    if (file is None) == (stored is None):
        raise click.UsageError("give a FILE, or --graph with --from")
    if stored is not None:
        if before is None or name is not None:
            raise click.UsageError("--graph needs --from, and takes no --name")
        first = _read(connection, connection.namespace, stored, before)
        second = _read(connection, connection.namespace, stored, after)
        titles = (_title(first), _title(second))
        texts = (_text_of(first), _text_of(second))
    else:
        assert file is not None
        if after is not None:
            raise click.UsageError("--to is for --graph")
        declared = with_secrets(read_graph_file(file), secrets, os.environ)
        namespace, graph_name = place_of(declared, file, name, connection)
        first = _read(connection, namespace, graph_name, before)
        titles = (_title(first), str(file))
        texts = (_text_of(first), _text_of_file(declared, file))
    old, new = (text.splitlines() for text in texts)
    lines = list(unified_diff(old, new, *titles, lineterm=""))
    found = DiffBody(differs=bool(lines), before=titles[0], after=titles[1], lines=lines)

    def plain() -> None:
        out = console()
        for line in lines:
            out.print(Text(printable(line), style=_STYLES.get(line[:1], "")), soft_wrap=True)
        if not lines:
            console(stderr=True).print(f"no difference between {titles[0]} and {titles[1]}")

    show_one(output, found, plain)
    context.exit(ExitCode.NO if found.differs else ExitCode.DONE)


@click.command("export")
@click.argument("graph_name", metavar="GRAPH")
@click.option("--version", type=_VERSION, help="Which version.  [default: the newest]")
@click.option(
    "--output", "-o", type=click.Choice([Format.YAML.value, Format.JSON.value]), default=Format.YAML.value, show_default=True,
    help="How the file is written.",
)  # fmt: skip
@with_connection
def export_graph(connection: Connection, graph_name: str, version: int | None, output: str) -> None:
    """Print GRAPH as a file for `graph apply`, on this server or on another one.

    The state manager tells nobody the values of secrets: a note names those that the file needs before it is applied.

    \b
      exosphere graph export my-graph > my-graph.yaml
    """
    found = _read(connection, connection.namespace, graph_name, version)
    content = {"name": found.name, "namespace": found.namespace, **_content(_template(found))}
    print_data(output, content)
    if found.secrets:
        names = ", ".join(sorted(found.secrets))
        console(stderr=True).print(
            printable(f"note: values of secrets are not exported; give them to apply by --secret-env: {names}")
        )


def _read(connection: Connection, namespace: str, graph_name: str, version: int | None) -> GraphResponse:
    if version is None:
        return connection.fetch(GET_GRAPH, GraphResponse, namespace=namespace, graph_name=graph_name)
    return connection.fetch(GET_VERSION, GraphResponse, namespace=namespace, graph_name=graph_name, version=version)


def _title(graph: GraphResponse) -> str:
    return f"{graph.name} version {graph.version}"


def _template(graph: GraphResponse) -> GraphTemplate:
    fields = graph.model_dump(include={"nodes", "retry_policy", "store_config", "triggers"}, exclude_none=True)
    return GraphTemplate.model_validate(fields)


def _text_of(graph: GraphResponse) -> str:
    return _text(_template(graph), graph.secrets)


def _text_of_file(declared: GraphFile, file: Path) -> str:
    template, errors = read_template(declared.content)
    if template is None:
        raise InvalidGraph(f"the graph in {file} is not valid:", errors)
    secrets = declared.content.get("secrets")
    return _text(template, secrets if isinstance(secrets, dict) else ())


def _text(template: GraphTemplate, secrets: Iterable[str]) -> str:
    """What is compared: everything in one order, each default written out."""
    return as_yaml({**_content(template), "secrets": sorted(secrets)})


def _content(template: GraphTemplate) -> dict[str, Any]:
    content = template.model_dump(mode="json", exclude_none=True)
    for node in content["nodes"]:
        node["inputs"] = dict(sorted(node["inputs"].items()))
    return content
