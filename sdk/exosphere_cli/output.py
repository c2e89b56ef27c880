"""How things look: tables and colours in a terminal, plain aligned text anywhere else."""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from exosphere_core.states import FAILED, PENDING, SUCCEEDED, RunStatus, Status

#: Wider than any line: without a terminal nothing is wrapped or cut.
_UNLIMITED_COLUMNS: Final = 100_000

_STYLES: Final[dict[str, str]] = {
    **dict.fromkeys(map(str, SUCCEEDED), "green"),
    **dict.fromkeys(map(str, FAILED), "red"),
    **dict.fromkeys(map(str, PENDING), "yellow"),
    str(Status.RETRY_CREATED): "yellow",
    str(Status.CANCELLED): "magenta",
    str(RunStatus.PENDING): "yellow",
    str(RunStatus.FAILED): "red",
    "VALID": "green",
    "INVALID": "red",
    "ONGOING": "yellow",
}


def console(*, stderr: bool = False) -> Console:
    """Return a console; it writes no control codes where there is no terminal."""
    made = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not made.is_terminal:
        made.width = _UNLIMITED_COLUMNS
    return made


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a table. A column named with a leading `>` is aligned to the right; a status has its colour."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column.lstrip(">"), justify="right" if column.startswith(">") else "left", overflow="fold")
    for row in rows:
        made.add_row(*(status_text(str(cell)) for cell in row))
    return made


def status_text(text: str) -> Text:
    """Return text in the colour of the status that it is, if it is one."""
    return Text(printable(text), style=_STYLES.get(text, ""))


def printable(text: str) -> str:
    """Replace what could steer the terminal: text of a run may come from anywhere. Line ends stay."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "�" for letter in text.expandtabs())


def short_time(text: str) -> str:
    """Shorten an ISO time to whole seconds; any other text stays as it is."""
    head, dot, tail = text.partition(".")
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return head + tail[digits:] if dot and digits else text
