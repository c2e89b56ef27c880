"""Options of the form KEY=VALUE."""

from collections.abc import Iterable
from typing import Final

import click

INPUTS: Final = click.option(
    "--input",
    "-i",
    "inputs",
    multiple=True,
    metavar="KEY=VALUE",
    help="Replaces an input of the node that begins the run.",
)
STORE: Final = click.option(
    "--store", "-s", "store", multiple=True, metavar="KEY=VALUE", help="Sets a key of the run's store."
)


def pairs(option: str, given: Iterable[str]) -> dict[str, str]:
    """Read `key=value` options; the value may hold more `=`.

    Raises:
        click.UsageError: one is written in another way, or a key is given twice.
    """
    found: dict[str, str] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise click.UsageError(f"{option} {text!r}: write it as KEY=VALUE")
        if key in found:
            raise click.UsageError(f"{option} gives {key!r} twice")
        found[key] = value
    return found
