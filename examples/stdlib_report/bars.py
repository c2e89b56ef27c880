"""Horizontal bars with a name, a value and a remark each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from examples.stdlib_report.markup import Markup, join, tag

WIDTH: Final = 920
_ROW: Final = 24
_NAMES: Final = 250
_LONGEST_NAME: Final = 34  #: letters that fit beside the bar


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. `remark` is written behind the value; `band` is the class of its colour."""

    name: str
    value: int
    remark: str
    band: str


def bars(entries: Sequence[Bar], title: str) -> Markup:
    """Draw the bars, the longest as wide as there is room."""
    highest = max((entry.value for entry in entries), default=0) or 1
    room = WIDTH - _NAMES - 260
    rows = []
    for index, entry in enumerate(entries):
        middle = index * _ROW + _ROW / 2
        length = max(1.0, room * entry.value / highest)
        rows.append(
            join(
                tag(
                    "text",
                    tag("title", entry.name),
                    shortened(entry.name, _LONGEST_NAME),
                    x=_NAMES - 10,
                    y=middle + 4,
                    class_="name",
                    text_anchor="end",
                ),
                tag("rect", x=_NAMES, y=middle - 7, width=length, height=14, rx=2, class_=f"bar {entry.band}"),
                tag(
                    "text",
                    tag("tspan", f"{entry.value:,}", class_="value"),
                    tag("tspan", entry.remark, dx=8, class_="remark"),
                    x=_NAMES + length + 8,
                    y=middle + 4,
                ),
            )
        )
    return tag("svg", *rows, viewBox=f"0 0 {WIDTH} {max(1, len(entries)) * _ROW}", role="img", aria_label=title)


def shortened(name: str, longest: int) -> str:
    """Cut a name that is too long in its middle."""
    if len(name) <= longest:
        return name
    head = (longest - 1) // 2
    return f"{name[:head]}…{name[len(name) - (longest - 1 - head) :]}"
