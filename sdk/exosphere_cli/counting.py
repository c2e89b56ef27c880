"""What long work has done so far, while nobody knows how much there is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from exosphere_cli.output import console


@contextmanager
def counting() -> Iterator[Callable[[str], None]]:
    """Give a function that shows a text in place of the one before, on standard error: in a terminal, else nothing."""
    notes = console(stderr=True)
    if not notes.is_terminal:
        yield lambda _: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=notes, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda text: progress.update(task, description=text)
