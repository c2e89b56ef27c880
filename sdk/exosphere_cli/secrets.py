"""`exosphere secrets`: the key that encrypts the secrets of graphs."""

import asyncio
from dataclasses import asdict

import click

from exosphere_cli.command_group import CommandGroup
from exosphere_cli.counting import counting
from exosphere_cli.exit_codes import ExitCode
from exosphere_cli.extras import require_server_extra
from exosphere_cli.formats import Format, output_option, print_data


@click.group(cls=CommandGroup)
def secrets() -> None:
    """Look after the encryption of graph secrets."""


@secrets.command(short_help="Encrypt all secrets with the newest key.")
@output_option
@click.pass_context
def rotate(context: click.Context, output: str) -> None:
    """Encrypt again, with the first key of SECRETS_ENCRYPTION_KEY, what another of its keys encrypted.

    \b
    To replace the key K by a new key N, while everything runs:
      1. set SECRETS_ENCRYPTION_KEY=K,N for all state managers and restart them: all can read what N encrypts;
      2. set SECRETS_ENCRYPTION_KEY=N,K and restart them: N encrypts from now on;
      3. run this command with SECRETS_ENCRYPTION_KEY=N,K;
      4. set SECRETS_ENCRYPTION_KEY=N and restart them. K is not needed any more.

    Takes the same environment variables as `exosphere server`. It may be broken off and repeated. The exit code is
    1 when something is left that no key of the setting opens.
    """
    require_server_extra("secrets rotate")
    from exosphere_orchestrator.catalog.rotation import Rotation, rotate_now
    from exosphere_orchestrator.settings import load_settings

    with counting() as show:

        def tell(done: Rotation) -> None:
            show(f"looked at {done.versions} graph versions with secrets; encrypted {done.sealed_anew} secrets again")

        done = asyncio.run(rotate_now(load_settings(), tell))
    if output != Format.TABLE:
        print_data(output, asdict(done))
        context.exit(ExitCode.FAILED if done.left else ExitCode.DONE)
    click.echo(
        f"looked at {done.versions} graph versions with secrets; encrypted {done.sealed_anew} secrets again, "
        f"left {len(done.left)}"
    )
    for line in done.left:
        click.echo(f"  left  {line}")
    context.exit(ExitCode.FAILED if done.left else ExitCode.DONE)
