"""`exosphere run logs`: what the nodes of a run wrote."""

import json
from contextlib import aclosing
from typing import Any, Final

import click
from rich.console import Console
from rich.text import Text

from exosphere_cli.connection import Connection, with_connection
from exosphere_cli.output import console, printable
from exosphere_core.client import ApiClient
from exosphere_core.log_lines import Level, LineKind
from exosphere_core.run_lines import follow_lines, list_lines

#: How much of a state's id stands in a line.
_ID: Final = 8

_STYLES: Final = {"DEBUG": "dim", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}


@click.command("logs")
@click.argument("run_id", metavar="RUN")
@click.option("--follow", "-f", is_flag=True, help="Go on with each line as it comes in, until the run has ended.")
@click.option("--state", "state_id", metavar="ID", help="Only lines of this state; the beginning of its id is enough.")
@click.option("--node", "identifier", metavar="IDENTIFIER", help="Only lines of this node of the graph.")
@click.option(
    "--level", type=click.Choice([level.value for level in Level], case_sensitive=False),
    help="Only lines as grave as this, or graver. Progress is INFO.",
)  # fmt: skip
@click.option(
    "--kind", multiple=True, type=click.Choice([kind.value for kind in LineKind]),
    help="Only lines of this kind: log of `self.logger`, progress of `self.emit`, dropped in place of lines that are not kept. May be repeated.",
)  # fmt: skip
@click.option("--after", default="", metavar="ID", help="Only what follows on the line with this id.")
@click.option(
    "--output", "-o", type=click.Choice(["text", "jsonl"]), default="text", show_default=True,
    help="text is for people; jsonl has all fields, one JSON object a line.",
)  # fmt: skip
@with_connection
def show_logs(
    connection: Connection, run_id: str, follow: bool, state_id: str | None, identifier: str | None,
    level: str | None, kind: tuple[str, ...], after: str, output: str,
) -> None:  # fmt: skip
    """Show what the nodes of RUN wrote by `self.logger` and `self.emit`, oldest first.

    A line tells when, how grave, which node, which state (the beginning of its id, and from the second delivery on its
    number), then the text and its fields. Ctrl-C ends the following, not the run.

    \b
      exosphere run logs 1f0c… -f
      exosphere run logs 1f0c… --node load --level WARNING
    """
    wanted = {"state_id": state_id, "identifier": identifier, "level": level, "kind": list(kind)}
    query = {name: value for name, value in wanted.items() if value}
    out = console()

    async def work(client: ApiClient) -> None:
        read = follow_lines if follow else list_lines
        async with aclosing(read(client, connection.namespace, run_id, query, after)) as lines:
            async for line in lines:
                if output == "text":
                    _print(out, line)
                else:
                    click.echo(json.dumps(line))

    connection.ask(work)


def _print(out: Console, line: dict[str, Any]) -> None:
    style = _STYLES.get(line["level"], "")
    shown = Text(f"{line['at']} " if line["at"] else "", style="dim")
    shown.append(f"{line['level']:<8} ", style=style)
    if line["identifier"]:
        attempt = f"#{line['attempt']}" if line["attempt"] > 1 else ""
        shown.append(printable(f"{line['identifier']} "), style="bold")
        shown.append(printable(f"{line['state_id'][:_ID]}{attempt} "), style="dim")
    shown.append(_text(line["text"]), style=style)
    for name, value in line["fields"].items():
        shown.append(
            f"  {_one_line(name)}={_one_line(value if isinstance(value, str) else json.dumps(value))}", style="dim"
        )
    out.print(shown, soft_wrap=True)


def _text(text: str) -> str:
    # What follows on a line end is indented: no text can look like a line of its own.
    return printable(text).replace("\n", "\n    ")


def _one_line(text: str) -> str:
    shown = printable(text).replace("\n", "�")
    return json.dumps(shown, ensure_ascii=False) if " " in shown or not shown else shown
