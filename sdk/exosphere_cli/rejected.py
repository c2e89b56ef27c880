"""`exosphere rejected`: what nobody could apply."""

from typing import Final

import click

from exosphere_cli.command_group import CommandGroup
from exosphere_cli.connection import Connection, with_connection
from exosphere_cli.formats import Columns, output_option, show_list
from exosphere_cli.output import console, short_time
from exosphere_core.api import LIST_REJECTED, RejectedEntry, RejectedResponse

#: How much of an entry's field is shown, in characters.
_SHOWN: Final = 80


def _fields(one: RejectedEntry) -> str:
    texts = (f"{name}={text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}" for name, text in one.fields.items())
    return " ".join(" ".join(texts).split())


_COLUMNS: Final[Columns[RejectedEntry]] = {
    "ID": lambda one: one.id,
    "TIME": lambda one: short_time(one.time),
    "REASON": lambda one: one.reason,
    "ENTRY": _fields,
}


@click.group(cls=CommandGroup)
def rejected() -> None:
    """Look at what could not be applied and was put aside."""


@rejected.command("list")
@click.option("--before", metavar="ID", help="Only what stands before the one with this id: the next page.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many at most.")
@output_option
@with_connection
def list_rejected(connection: Connection, before: str | None, limit: int, output: str) -> None:
    """List what could not be applied in a namespace, newest first.

    Such as a report whose record is gone or can't be read, or an entry that is not Exosphere's. Each is
    kept here with the reason, until a thousand newer ones have come.
    """
    query = {"limit": str(limit), **({} if before is None else {"before": before})}
    found = connection.fetch(LIST_REJECTED, RejectedResponse, query=query)
    nothing = f"nothing was rejected in namespace {connection.namespace!r}" + (" before that" if before else "")
    show_list(output, found.rejected, _COLUMNS, nothing)
    if len(found.rejected) == limit < found.total:
        console(stderr=True).print(f"{found.total} in all; more with --before {found.rejected[-1].id}")
