"""`-o json|yaml|table`: what a command answers, for people and for programs."""

import json
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, TypeVar

import click
from pydantic import BaseModel

from exosphere_cli.output import console, table

Item = TypeVar("Item", bound=BaseModel)
Command = TypeVar("Command", bound=Callable[..., Any])


class Format(StrEnum):
    """How an answer is written. The names of the fields in JSON and YAML are those of the HTTP API."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


def output_option(command: Command) -> Command:
    """Give a command the option that chooses the format, as its argument `output`."""
    return click.option(
        "--output", "-o", type=click.Choice([one.value for one in Format]), default=Format.TABLE.value, show_default=True,
        help="table is for people; json and yaml have all fields, for programs.",
    )(command)  # fmt: skip


def as_json(data: Any) -> str:
    """Return data as JSON of ASCII letters: nothing in it can steer a terminal."""
    return json.dumps(data, indent=2)


def as_yaml(data: Any) -> str:
    """Return data as YAML: the fields in their order, letters that can't be printed escaped."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Writes out what occurs twice: a list has no anchors."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    return str(yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100_000)).rstrip("\n")


def print_data(output: str, data: Any) -> None:
    """Print data as JSON or YAML."""
    click.echo(as_json(data) if output == Format.JSON else as_yaml(data))


def show_one(output: str, found: BaseModel, plain: Callable[[], None]) -> None:
    """Print one thing: with all its fields as JSON or YAML, else as `plain` does."""
    if output == Format.TABLE:
        plain()
    else:
        print_data(output, found.model_dump(mode="json"))


#: Heading → what stands below it for an item. A leading `>` aligns the column to the right.
Columns = Mapping[str, Callable[[Item], object]]


def show_list(output: str, found: Sequence[Item], columns: Columns[Item], nothing: str) -> None:
    """Print several things: as a list in JSON or YAML, else as a table; `nothing` is said when there are none."""
    if output != Format.TABLE:
        print_data(output, [one.model_dump(mode="json") for one in found])
    elif found:
        console().print(table(tuple(columns), ([cell(one) for cell in columns.values()] for one in found)))
    else:
        console(stderr=True).print(nothing)


#: What a table shows where there is nothing.
NONE: Final = "-"
