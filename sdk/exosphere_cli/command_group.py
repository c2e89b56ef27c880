"""A group of commands that shows its help when none is given."""

import click


class CommandGroup(click.Group):
    """As `click.Group`, but its name alone is a question, not a mistake."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Show the help and exit with 0 when there are no arguments."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)
