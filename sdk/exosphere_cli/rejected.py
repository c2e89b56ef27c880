"""`exosphere rejected`: what nobody could apply."""

import click

from exosphere_cli.command_group import CommandGroup
from exosphere_cli.connection import Connection, with_connection
from exosphere_cli.output import console, short_time, table
from exosphere_core.api import LIST_REJECTED, RejectedEntry, RejectedResponse
from exosphere_core.client import ApiClient

#: How much of an entry's field is shown, in characters.
_SHOWN = 80


@click.group(cls=CommandGroup)
def rejected() -> None:
    """Look at what could not be applied and was put aside."""


@rejected.command("list")
@click.option("--before", metavar="ID", help="Only what stands before the one with this id: the next page.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many at most.")
@with_connection
def list_rejected(connection: Connection, before: str | None, limit: int) -> None:
    """List what could not be applied in a namespace, newest first.

    Such as a report whose record is gone or can't be read, or an entry that is not Exosphere's. Each is
    kept here with the reason, until a thousand newer ones have come.
    """
    query = {"limit": str(limit), **({} if before is None else {"before": before})}

    async def work(client: ApiClient) -> RejectedResponse:
        return RejectedResponse.model_validate(
            await client.call(LIST_REJECTED, namespace=connection.namespace, query=query)
        )

    found = connection.ask(work)
    notes = console(stderr=True)
    if not found.rejected:
        notes.print(f"nothing was rejected in namespace {connection.namespace!r}" + (" before that" if before else ""))
        return
    rows = [(one.id, short_time(one.time), one.reason, _fields(one)) for one in found.rejected]
    console().print(table(("ID", "TIME", "REASON", "ENTRY"), rows))
    if len(found.rejected) == limit < found.total:
        notes.print(f"{found.total} in all; more with --before {found.rejected[-1].id}")


def _fields(one: RejectedEntry) -> str:
    texts = (f"{name}={text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}" for name, text in one.fields.items())
    return " ".join(" ".join(texts).split())
