"""Groups of commands that show their help when none is given, and import a command when it is asked for."""

import importlib
from collections.abc import Mapping
from typing import Any

import click


class CommandGroup(click.Group):
    """As `click.Group`, but its name alone is a question, not a mistake."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Show the help and exit with 0 when there are no arguments."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)


class LateCommands(CommandGroup):
    """Imports a command with the first need: no process pays for what the others import.

    Args:
        modules: name of the command → the module in which it is, under this name.
    """

    def __init__(self, *args: Any, modules: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, in the order of the alphabet."""
        return sorted(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name; None when there is none."""
        if cmd_name not in self._modules:
            return None
        command: click.Command = getattr(importlib.import_module(self._modules[cmd_name]), cmd_name)
        return command
