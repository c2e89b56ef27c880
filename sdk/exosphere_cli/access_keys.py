"""`exosphere keys`: API keys of a namespace, or of all."""

import re
from typing import Any, Final

import click

from exosphere_cli.command_group import CommandGroup
from exosphere_cli.connection import Connection, with_connection
from exosphere_cli.output import console, short_time, table
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
from exosphere_core.client import ApiClient
from exosphere_core.roles import Role

_MS: Final = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 24 * 3_600_000}
_DURATION = re.compile(r"(\d{1,6})([smhd])")


def _milliseconds(context: click.Context, option: click.Parameter, text: str | None) -> int | None:
    """Read a time such as 90s, 15m, 12h or 30d."""
    if text is None:
        return None
    found = _DURATION.fullmatch(text)
    if not found or not int(found[1]):
        raise click.BadParameter(f"{text!r} is no time; write it as 90s, 15m, 12h or 30d", context, option)
    return int(found[1]) * _MS[found[2]]


_everywhere = click.option("--all-namespaces", is_flag=True, help="Keys that are good for all namespaces.")


@click.group(cls=CommandGroup)
def keys() -> None:
    """Create, list and revoke API keys."""


@keys.command("create")
@click.option(
    "--role", type=click.Choice([str(role) for role in Role]), required=True,
    help="viewer reads; operator also starts and steers runs; author also stores graphs; runtime executes nodes; admin "
    "does everything.",
)  # fmt: skip
@click.option("--name", default="", help="For people: who or what uses it.")
@click.option(
    "--expires-in", callback=_milliseconds, metavar="TIME", help="How long it is good for: 90s, 15m, 12h, 30d."
)
@_everywhere
@with_connection
def create_key(connection: Connection, role: str, name: str, expires_in: int | None, all_namespaces: bool) -> None:
    """Create an API key and print it, alone on a line. It is shown this once.

    \b
      EXOSPHERE_API_KEY=$(exosphere keys create --role runtime --name gpu-box --expires-in 30d)
    """
    body = {"role": role, "name": name, "expires_in_ms": expires_in}

    async def work(client: ApiClient) -> CreateKeyResponse:
        row, place = _row(connection, CREATE_KEY, CREATE_GLOBAL_KEY, all_namespaces)
        return CreateKeyResponse.model_validate(await client.call(row, body=body, **place))

    made = connection.ask(work)
    console().print(made.key)
    until = f"until {short_time(made.expires_at)}" if made.expires_at else "until it is revoked"
    console(stderr=True).print(
        f"key {made.id}: {made.role} for {_scope(made.namespace)}, {until}; it is not shown again"
    )


@keys.command("list")
@_everywhere
@with_connection
def list_keys(connection: Connection, all_namespaces: bool) -> None:
    """List the API keys of a namespace, newest first; revoked and expired ones for a day."""

    async def work(client: ApiClient) -> KeysResponse:
        row, place = _row(connection, LIST_KEYS, LIST_GLOBAL_KEYS, all_namespaces)
        return KeysResponse.model_validate(await client.call(row, **place))

    found = connection.ask(work)
    if not found.keys:
        console(stderr=True).print(f"no API keys for {_scope(found.namespace)}")
        return
    columns = ("ID", "NAME", "ROLE", "STATUS", "CREATED", "BY", "EXPIRES", "LAST USED")
    console().print(table(columns, [_line(key) for key in found.keys]))


@keys.command("revoke")
@click.argument("key_id", metavar="KEY_ID")
@_everywhere
@with_connection
def revoke_key(connection: Connection, key_id: str, all_namespaces: bool) -> None:
    """Revoke the API key with id KEY_ID: it is refused from now on, and runtimes with it lose their Redis access."""

    async def work(client: ApiClient) -> KeyBody:
        row, place = _row(connection, REVOKE_KEY, REVOKE_GLOBAL_KEY, all_namespaces)
        return KeyBody.model_validate(await client.call(row, key_id=key_id, **place))

    revoked = connection.ask(work)
    console(stderr=True).print(f"key {revoked.id} is revoked")


def _row(connection: Connection, of_one: Row, of_all: Row, all_namespaces: bool) -> tuple[Row, dict[str, Any]]:
    return (of_all, {}) if all_namespaces else (of_one, {"namespace": connection.namespace})


def _scope(namespace: str) -> str:
    return "all namespaces" if namespace == "*" else f"namespace {namespace!r}"


def _line(key: KeyBody) -> tuple[str, ...]:
    def moment(text: str | None) -> str:
        return short_time(text) if text else "never"

    return (
        key.id, key.name or "-", key.role, key.status, short_time(key.created_at), key.created_by, moment(key.expires_at),
        moment(key.last_used_at),
    )  # fmt: skip
