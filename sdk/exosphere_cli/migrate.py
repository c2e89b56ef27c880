"""`exosphere migrate`: what a project for the original on MongoDB needs to run here."""

import re
from pathlib import Path

import click
from rich.text import Text

from exosphere_cli.command_group import CommandGroup
from exosphere_cli.connection import Connection, with_connection_even_without_key
from exosphere_cli.exit_codes import ExitCode
from exosphere_cli.formats import Format, output_option, print_data
from exosphere_cli.migration.finding import Finding, Verdict, in_order
from exosphere_cli.migration.graph_files import FIELDS, check_graph, is_graph
from exosphere_cli.migration.located import Located
from exosphere_cli.migration.project import check_paths
from exosphere_cli.output import console, printable
from exosphere_core.api import LIST_GRAPHS
from exosphere_core.client import ApiClient

_SIGNS = {Verdict.CHANGE: "change", Verdict.DIFFERS: "differs", Verdict.SAME: "same"}
_STYLES = {Verdict.CHANGE: "red", Verdict.DIFFERS: "yellow", Verdict.SAME: "green"}


@click.group(cls=CommandGroup)
def migrate() -> None:
    """Come from Exosphere on MongoDB."""


@migrate.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH…]")
@click.option(
    "--server", is_flag=True, help="Also check the graphs of the namespace at --uri: those of the old server."
)
@click.option("--all", "everything", is_flag=True, help="Also list what works unchanged, in a table.")
@output_option
@click.pass_context
@with_connection_even_without_key
def check(
    connection: Connection, context: click.Context, paths: tuple[Path, ...], server: bool, everything: bool, output: str
) -> None:
    """Tell what of a project that was written for Exosphere on MongoDB works here unchanged, what must change, and what behaves
    otherwise: by file and line, with what to do about it. PATHs are files and folders; without one, and without --server, the
    folder one is in.

    It reads Python code, graphs in JSON or YAML, .env files, Compose files, Dockerfiles, requirements and pyproject.toml. Nothing is
    executed, imported or changed, and no value of a secret is shown. What only shows when the code runs it can't see: test nodes
    and graphs as docs/testing.md says, and have graphs checked against their nodes by `exosphere graph validate`.

    With --server the graphs of the namespace --namespace are read from the state manager at --uri, which may be the original's.

    Exits with 3 when something must change, else with 0. -o json and -o yaml have everything.
    """
    given = paths or (() if server else (Path(),))
    findings, files = check_paths(given)
    graphs = connection.ask(lambda client: _graphs_of(client, connection)) if server else []
    found = in_order([*findings, *graphs])
    if output == Format.TABLE:
        _print(found, everything, files)
    else:
        print_data(output, [one.model_dump(mode="json") for one in found])
    context.exit(ExitCode.NO if any(one.verdict is Verdict.CHANGE for one in found) else ExitCode.DONE)


async def _graphs_of(client: ApiClient, connection: Connection) -> list[Finding]:
    answer = await client.call(LIST_GRAPHS, namespace=connection.namespace)
    templates = answer.get("templates")
    found = []
    for number, template in enumerate(templates if isinstance(templates, list) else ()):
        if is_graph(template):
            name = template.get("name") or template.get("graph_name") or number
            where = f"{connection.uri} {connection.namespace}/{name}"
            # An answer has more than what was stored.
            kept = {key: value for key, value in template.items() if key in FIELDS}
            found += [one.model_copy(update={"line": 0}) for one in check_graph(where, Located(kept, {}))]
    return found


def _print(found: list[Finding], everything: bool, files: int) -> None:
    out = console()
    for one in found:
        if one.verdict is Verdict.SAME and not everything:
            continue
        place = f"{one.file}:{one.line}" if one.line else one.file
        sign = Text(f"{_SIGNS[one.verdict]:<8}", style=_STYLES[one.verdict])
        out.print(sign + Text(f"{printable(place)}  ", style="bold") + Text(_one_line(one.detail)), soft_wrap=True)
        if one.fix:
            out.print(Text(f"{'':<8}→ {_one_line(one.fix)}", style="dim"), soft_wrap=True)
    count = {verdict: sum(one.verdict is verdict for one in found) for verdict in Verdict}
    out.print(
        f"{count[Verdict.CHANGE]} to change, {count[Verdict.DIFFERS]} that behave otherwise, "
        f"{count[Verdict.SAME]} that work unchanged, in {files} files"
    )


def _one_line(text: str) -> str:
    return printable(re.sub(r"\s+", " ", text))
