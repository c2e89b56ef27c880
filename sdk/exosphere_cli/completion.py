"""`exosphere completion`: what makes a shell complete the command line."""

import click
from click.shell_completion import get_completion_class

from exosphere_core.errors import ConfigurationError


@click.command(short_help="Print what makes a shell complete commands with TAB.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes SHELL complete commands, options, choices, files and names of profiles with TAB.

    \b
      bash   eval "$(exosphere completion bash)"                                       in ~/.bashrc
      zsh    eval "$(exosphere completion zsh)"                                        in ~/.zshrc, after compinit
      fish   exosphere completion fish > ~/.config/fish/completions/exosphere.fish     once
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise ConfigurationError(f"nothing is known of completing in {shell}")
    root = context.find_root().command
    try:
        script = kind(root, {}, "exosphere", "_EXOSPHERE_COMPLETE").source()
    except RuntimeError as refused:
        raise ConfigurationError(str(refused)) from None
    click.echo(script)
