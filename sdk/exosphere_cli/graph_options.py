"""What the commands that read a graph's file take beside it: where the graph goes, and its secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from exosphere_cli.connection import Connection
from exosphere_core.errors import ConfigurationError
from exosphere_core.graph_file import GraphFile
from exosphere_core.names import name_error

#: The argument and the option of the commands that read a graph's file.
FILE: Final = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
FILE_NAME: Final = click.option("--name", help="Name of the graph. Wins over the file's.")
SECRETS: Final = click.option(
    "--secret-env", "secrets", multiple=True, metavar="NAME[=VARIABLE]",
    help="The value of secret NAME is in the environment variable VARIABLE, of the same name when left out. May be repeated.",
)  # fmt: skip


def place_of(declared: GraphFile, file: Path, name: str | None, connection: Connection) -> tuple[str, str]:
    """Return namespace and name of the graph in a file, which the command line may overrule.

    Raises:
        click.UsageError: nobody gives a name, or one that is given is not allowed.
    """
    graph_name = name if name is not None else declared.name
    if graph_name is None:
        raise click.UsageError(f"{file} gives no name; add 'name' to it or use --name")
    namespace = connection.namespace
    if declared.namespace is not None and not connection.namespace_is_given:
        namespace = declared.namespace
    for error in (name_error("graph name", graph_name), name_error("namespace", namespace)):
        if error:
            raise click.UsageError(error)
    return namespace, graph_name


def with_secrets(declared: GraphFile, secrets: Sequence[str], environ: Mapping[str, str]) -> GraphFile:
    """Add secrets whose values are in the environment.

    Raises:
        ConfigurationError: a variable is not set.
    """
    added = {}
    for text in secrets:
        name, _, variable = text.partition("=")
        variable = variable or name
        if not environ.get(variable):
            raise ConfigurationError(f"--secret-env {text}: the environment variable {variable} is not set")
        added[name] = environ[variable]
    known = declared.content.get("secrets", {})
    if not added or not isinstance(known, dict):
        # What is no mapping is told by the state manager, as without the option.
        return declared
    return replace(declared, content={**declared.content, "secrets": {**known, **added}})
