"""`exosphere key`: API keys of a namespace, or of all."""

from typing import Any, Final

import click

from exosphere_cli.command_group import CommandGroup
from exosphere_cli.connection import Connection, with_connection
from exosphere_cli.formats import NONE, Columns, output_option, show_list, show_one
from exosphere_cli.moments import duration
from exosphere_cli.output import console, short_time
from exosphere_core.api import (
    CREATE_GLOBAL_KEY,
    CREATE_KEY,
    LIST_GLOBAL_KEYS,
    LIST_KEYS,
    REVOKE_GLOBAL_KEY,
    REVOKE_KEY,
    CreateKeyResponse,
    KeyBody,
    KeysResponse,
    Row,
)
from exosphere_core.roles import Role

_everywhere = click.option("--all-namespaces", is_flag=True, help="Keys that are good for all namespaces.")


def _moment(text: str | None) -> str:
    return short_time(text) if text else "never"


_COLUMNS: Final[Columns[KeyBody]] = {
    "ID": lambda one: one.id,
    "NAME": lambda one: one.name or NONE,
    "ROLE": lambda one: one.role,
    "STATUS": lambda one: one.status,
    "CREATED": lambda one: short_time(one.created_at),
    "BY": lambda one: one.created_by,
    "EXPIRES": lambda one: _moment(one.expires_at),
    "LAST USED": lambda one: _moment(one.last_used_at),
}


@click.group(cls=CommandGroup)
def key() -> None:
    """Create, list and revoke API keys."""


@key.command("create")
@click.option(
    "--role", type=click.Choice([str(role) for role in Role]), required=True,
    help="viewer reads; operator also starts and steers runs; author also stores graphs; runtime executes nodes; admin "
    "does everything.",
)  # fmt: skip
@click.option("--name", default="", help="For people: who or what uses it.")
@click.option("--expires-in", type=duration, metavar="TIME", help="How long it is good for: 90s, 15m, 12h, 30d.")
@_everywhere
@output_option
@with_connection
def create_key(
    connection: Connection, role: str, name: str, expires_in: int | None, all_namespaces: bool, output: str
) -> None:
    """Create an API key and print it, alone on a line. It is shown this once.

    \b
      EXOSPHERE_API_KEY=$(exosphere key create --role runtime --name gpu-box --expires-in 30d)
    """
    body = {"role": role, "name": name, "expires_in_ms": expires_in}

    row, place = _row(connection, CREATE_KEY, CREATE_GLOBAL_KEY, all_namespaces)
    made = connection.fetch(row, CreateKeyResponse, body=body, **place)
    # A `Console` could break a long line.
    show_one(output, made, lambda: click.echo(made.key))
    until = f"until {short_time(made.expires_at)}" if made.expires_at else "until it is revoked"
    console(stderr=True).print(
        f"key {made.id}: {made.role} for {_scope(made.namespace)}, {until}; it is not shown again"
    )


@key.command("list")
@_everywhere
@output_option
@with_connection
def list_keys(connection: Connection, all_namespaces: bool, output: str) -> None:
    """List the API keys of a namespace, newest first; revoked and expired ones for a day."""
    row, place = _row(connection, LIST_KEYS, LIST_GLOBAL_KEYS, all_namespaces)
    found = connection.fetch(row, KeysResponse, **place)
    show_list(output, found.keys, _COLUMNS, f"no API keys for {_scope(found.namespace)}")


@key.command("revoke")
@click.argument("key_id", metavar="KEY_ID")
@_everywhere
@output_option
@with_connection
def revoke_key(connection: Connection, key_id: str, all_namespaces: bool, output: str) -> None:
    """Revoke the API key with id KEY_ID: it is refused from now on, and runtimes with it lose their Redis access."""
    row, place = _row(connection, REVOKE_KEY, REVOKE_GLOBAL_KEY, all_namespaces)
    revoked = connection.fetch(row, KeyBody, key_id=key_id, **place)
    show_one(output, revoked, lambda: console(stderr=True).print(f"key {revoked.id} is revoked"))


def _row(connection: Connection, of_one: Row, of_all: Row, all_namespaces: bool) -> tuple[Row, dict[str, Any]]:
    return (of_all, {}) if all_namespaces else (of_one, {"namespace": connection.namespace})


def _scope(namespace: str) -> str:
    return "all namespaces" if namespace == "*" else f"namespace {namespace!r}"
