"""How far a run is: bars in a terminal, lines elsewhere."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

#: Takes a run as the state manager tells it.
Show = Callable[[Mapping[str, Any]], None]


@contextmanager
def shown_progress(console: Console) -> Iterator[Show]:
    """Give a function that shows a run."""
    if not console.is_terminal:
        yield Lines(lambda line: console.print(line, markup=False, highlight=False)).show
        return
    columns = (
        TextColumn("  {task.description:<8}"),
        BarColumn(bar_width=44),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        tasks: dict[str, TaskID] = {}

        def show(run: Mapping[str, Any]) -> None:
            for node in run["nodes"]:
                name = node["identifier"]
                if name not in tasks:
                    tasks[name] = progress.add_task(name, total=None, start=False)
                if node["total"]:
                    progress.start_task(tasks[name])
                    progress.update(tasks[name], total=node["total"], completed=ended(node))

        yield show


class Lines:
    """A line whenever a node's states got a further quarter of the way."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._reached: dict[str, int] = {}

    def show(self, run: Mapping[str, Any]) -> None:
        """Say what is new about a run."""
        for node in run["nodes"]:
            quarter = 4 * ended(node) // node["total"] if node["total"] else 0
            if quarter > self._reached.get(node["identifier"], 0):
                self._reached[node["identifier"]] = quarter
                self._say(f"  {node['identifier']}: {ended(node)} of {node['total']}")


def ended(node: Mapping[str, Any]) -> int:
    """Return how many of a node's states are pending no more."""
    return int(node["total"]) - int(node["pending"])
