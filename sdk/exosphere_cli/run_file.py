"""Starts the runs that a file asks for: one JSON object a line."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from exosphere_cli.connection import Connection
from exosphere_core.api import TRIGGER_MANY
from exosphere_core.client import ApiClient
from exosphere_core.errors import ConfigurationError, ExosphereError
from exosphere_core.many_triggers import TriggeredMany, fault_of, trigger_many

#: How an error names a run: by its place among all.
_PLACE: Final = re.compile(r"^runs\.(\d+)[.: ]*")


class RunLine(NamedTuple):
    """A run, and the number of its line, counted from 1."""

    number: int
    run: dict[str, Any]


def read_runs(file: TextIO) -> list[RunLine]:
    """Read all lines but the blank ones.

    Raises:
        ConfigurationError: a line is no run, or there is none; the text names file and line.
    """
    lines: list[RunLine] = []
    try:
        for number, text in enumerate(file, 1):
            if text.strip():
                lines.append(RunLine(number, _run_of(f"{file.name} line {number}", text.rstrip())))
    except UnicodeDecodeError as bad:
        raise ConfigurationError(f"{file.name} is no UTF-8 text: {bad.reason}") from None
    if not lines:
        raise ConfigurationError(
            f'{file.name} has no runs: write one JSON object a line, such as {{"inputs": {{"name": "Ada"}}}}'
        )
    return lines


def start_runs(
    connection: Connection, graph_name: str, file_name: str, lines: list[RunLine], key: str, notes: Console
) -> TriggeredMany:
    """Start them, and show how far that has come.

    Raises:
        ExosphereError: as the client does; where it is about a run, the text names file and line.
    """
    with _progress(notes, len(lines)) as show:

        async def work(client: ApiClient) -> TriggeredMany:
            async def ask(body: dict[str, Any], call_key: str) -> dict[str, Any]:
                return await client.call(
                    TRIGGER_MANY, body=body, idempotency_key=call_key,
                    namespace=connection.namespace, graph_name=graph_name,
                )  # fmt: skip

            return await trigger_many(ask, (line.run for line in lines), key, show)

        try:
            return connection.ask(work)
        except ExosphereError as fault:
            fault.detail = _PLACE.sub(lambda place: f"{file_name} line {lines[int(place[1])].number}: ", fault.detail)
            raise


@contextmanager
def _progress(notes: Console, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that shows how many are started: a bar in a terminal, else nothing."""
    if not notes.is_terminal:
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=notes) as progress:
        task = progress.add_task("started", total=total)
        yield lambda started: progress.update(task, completed=started)


def _run_of(place: str, text: str) -> dict[str, Any]:
    try:
        run = json.loads(text)
    except json.JSONDecodeError as bad:
        raise ConfigurationError(f"{place}: not JSON: {bad.msg} at column {bad.colno}") from None
    except RecursionError:
        raise ConfigurationError(f"{place}: not JSON that can be read: it is nested too deeply") from None
    if fault := fault_of(run):
        raise ConfigurationError(f"{place}: {fault.lstrip('.: ')}")
    return dict(run)
