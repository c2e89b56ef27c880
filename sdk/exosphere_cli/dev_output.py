"""What `exosphere dev` shows: the lines of its parts, each with the part's name before it."""

import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from shutil import which
from threading import Lock
from typing import Final
from urllib.parse import quote

import click

from exosphere_cli.json_output import as_json, spelled
from exosphere_core.logs import writes_json

_COLOURS: Final = ("cyan", "green", "magenta", "yellow", "blue")


class DevOutput:
    """Writes whole lines, from any thread. Colours only in a terminal. Where the logs are JSON, so is all that it writes.

    Args:
        names: of everything that writes.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._width = max(map(len, names))
        self._colours = {name: _COLOURS[index % len(_COLOURS)] for index, name in enumerate(names)}
        self._lock = Lock()
        self._json = writes_json()

    def printer(self, name: str) -> Callable[[str], None]:
        """Return a function that writes a line in this name."""
        if self._json:
            return spelled(self._write, name)
        prefix = click.style(f"{name:<{self._width}} | ", fg=self._colours[name])
        return lambda line: self._write(prefix + line)

    def welcome(self, uri: str, api_key: str, redis: str, apps: Sequence[str]) -> None:
        """Say where everything is and what to do next. In JSON it has no key: a log is read by many."""
        if self._json:
            self._write(as_json(f"Exosphere is ready at {uri}, with Redis {redis}", "dev"))
            return
        # As it was typed, where the name alone would not be found: an environment that is not activated.
        exosphere = "exosphere" if which("exosphere") else shlex.quote(sys.argv[0])
        worker = "" if apps else f"\n    {exosphere} worker my_nodes:runtime          run the nodes of my_nodes.py"
        self._write(
            f"""
Exosphere is ready.

  State manager   {uri}
  Dashboard       {uri}/#key={quote(api_key, safe="")}
  Redis           {redis}

In another terminal, tell clients and workers where it is:

    export EXOSPHERE_STATE_MANAGER_URI={shlex.quote(uri)}
    export EXOSPHERE_API_KEY={shlex.quote(api_key)}

Then:
{worker}
    {exosphere} graph apply my-graph.yaml        declare a graph
    {exosphere} run start my-graph --wait        run it and watch
    {exosphere} run list                         what ran

Ctrl-C stops everything; the data stays.
"""
        )

    def _write(self, text: str) -> None:
        # The terminal may be gone; what runs must not end because nobody watches.
        with suppress(OSError), self._lock:
            click.echo(text)
