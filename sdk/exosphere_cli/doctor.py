"""`exosphere doctor`: looks at a server and its Redis, and says what is wrong and what to do."""

import asyncio
import os
from typing import Final

import click
from pydantic import BaseModel
from rich.text import Text

from exosphere_cli.connection import Connection, with_connection_even_without_key
from exosphere_cli.doctor_server import check_state_manager
from exosphere_cli.exit_codes import ExitCode
from exosphere_cli.formats import Format, output_option, print_data
from exosphere_cli.output import console, printable
from exosphere_core.access import read_access
from exosphere_core.client import ApiClient
from exosphere_core.errors import ConfigurationError
from exosphere_core.store.checkup import Finding, Level, check_redis
from exosphere_core.store.durable import Safety
from exosphere_core.version import VERSION

_REDIS: Final = "EXOSPHERE_REDIS_URL"
_SIGNS: Final = {Level.OK: "ok", Level.NOTE: "note", Level.WARNING: "warn", Level.FAULT: "FAULT"}
_STYLES: Final = {Level.OK: "green", Level.NOTE: "cyan", Level.WARNING: "yellow", Level.FAULT: "red"}


class FindingBody(BaseModel):
    """What one look showed."""

    check: str
    level: Level
    detail: str
    fix: str


@click.command(short_help="Look at a server and its Redis: what is wrong, and what to do.")
@click.option(
    "--redis-only", is_flag=True,
    help=f"Ask no state manager: look at the Redis of {_REDIS} and at the settings alone, such as before a first start.",
)  # fmt: skip
@output_option
@click.pass_context
@with_connection_even_without_key
def doctor(connection: Connection, context: click.Context, redis_only: bool, output: str) -> None:
    """Look at a state manager and what goes on in a namespace, and say what is wrong and what to do about it: whether it is
    reached, what about its Redis can lose work, the API key, clocks, versions, runtimes, queues that nobody works at, graphs
    that can't run, schedules that don't fire, reports that were put aside.

    Where EXOSPHERE_REDIS_URL is set, as on the machine of a state manager, also at Redis itself and the settings: version,
    memory, persistence, clock, the rights of its user (ACL), the consumer groups of every namespace. Nothing is changed.

    Exits with 3 when something does not work (FAULT); with 0 also when there are warnings.
    """
    found = [Finding("command line", Level.OK, f"version {VERSION}")]
    if not redis_only:
        found += asyncio.run(_ask_state_manager(connection))
    if os.environ.get(_REDIS):
        found += _look_at_redis()
    elif redis_only:
        raise click.UsageError(f"--redis-only needs {_REDIS}")
    if output == Format.TABLE:
        _print(found)
    else:
        print_data(output, [FindingBody(**one._asdict()).model_dump(mode="json") for one in found])
    context.exit(ExitCode.NO if any(one.level is Level.FAULT for one in found) else ExitCode.DONE)


async def _ask_state_manager(connection: Connection) -> list[Finding]:
    if not connection.key:
        fix = "set EXOSPHERE_API_KEY, give --key, or keep it in a profile: exosphere profile add"
        return [Finding("api key", Level.FAULT, f"there is none for {connection.uri}", fix)]
    try:
        access = read_access(connection.uri, connection.key)
        client = ApiClient(access.uri, access.key)
    except ValueError as wrong:
        raise ConfigurationError(str(wrong)) from None
    try:
        return await check_state_manager(client, connection.namespace)
    finally:
        await client.aclose()


def _look_at_redis() -> list[Finding]:
    from exosphere_orchestrator.settings import Settings, load_settings

    shards = int(Settings.model_fields["shards"].default)
    safety = Safety()
    try:
        settings = load_settings()
    except ConfigurationError as wrong:
        fix = "set what is named, as docs/settings.md says; exosphere server does not start without"
        found = [Finding("settings", Level.FAULT, wrong.detail, fix)]
    else:
        found = [Finding("settings", Level.OK, "those of the state manager can be read")]
        shards = settings.shards
        safety = Safety(settings.trigger_replicas, settings.trigger_fsync, settings.trigger_wait_ms)
    return found + asyncio.run(check_redis(os.environ[_REDIS], safety, shards))


def _print(found: list[Finding]) -> None:
    out = console()
    width = max(len(one.check) for one in found)
    for one in found:
        line = Text(f"{_SIGNS[one.level]:<6}", style=_STYLES[one.level]) + Text(f"{one.check:<{width}}  ", style="bold")
        out.print(line + Text(printable(one.detail or "fine")), soft_wrap=True)
        if one.fix:
            out.print(Text(f"{'':<{width + 8}}→ {printable(one.fix)}", style="dim"), soft_wrap=True)
    counts = {level: sum(one.level is level for one in found) for level in (Level.FAULT, Level.WARNING)}
    if not any(counts.values()):
        out.print("Nothing is wrong.")
