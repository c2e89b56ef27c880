"""A scatter plot with logarithmic axes that begin at nought."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10
from typing import Final

from examples.stdlib_report.markup import Markup, join, tag

WIDTH: Final = 920
HEIGHT: Final = 460
_LEFT: Final = 64
_RIGHT: Final = 24
_TOP: Final = 16
_BOTTOM: Final = 56
_HEADROOM: Final = 1.6  #: how far the axes go on above the highest value
_LETTER: Final = 6.3  #: width of a label's letter
_LABEL_HEIGHT: Final = 14


@dataclass(frozen=True, slots=True)
class Point:
    """One dot. `band` is the class of its colour; a `named` one gets a label where there is room."""

    label: str
    x: int
    y: int
    band: str
    named: bool


def scatter(points: Sequence[Point], x_title: str, y_title: str) -> Markup:
    """Draw the points.

    Args:
        points: with values from 0 up; the first ones are drawn on top and named first.
        x_title: what the horizontal axis counts.
        y_title: what the vertical axis counts.
    """
    x_end = max([1, *(point.x for point in points)]) * _HEADROOM
    y_end = max([1, *(point.y for point in points)]) * _HEADROOM
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM

    def across(value: int) -> float:
        return _LEFT + (right - _LEFT) * log10(value + 1) / log10(x_end + 1)

    def down(value: int) -> float:
        return bottom - (bottom - _TOP) * log10(value + 1) / log10(y_end + 1)

    grid = [
        join(
            tag("line", x1=across(value), x2=across(value), y1=_TOP, y2=bottom, class_="grid"),
            tag("text", f"{value:,}", x=across(value), y=bottom + 18, class_="tick", text_anchor="middle"),
        )
        for value in ticks(x_end)
    ] + [
        join(
            tag("line", x1=_LEFT, x2=right, y1=down(value), y2=down(value), class_="grid"),
            tag("text", f"{value:,}", x=_LEFT - 8, y=down(value) + 4, class_="tick", text_anchor="end"),
        )
        for value in ticks(y_end)
    ]
    dots = [
        tag(
            "circle",
            tag("title", f"{point.label}: {point.x:,} {x_title}, {y_title} {point.y:,}"),
            cx=across(point.x),
            cy=down(point.y),
            r=3.6,
            class_=f"dot {point.band}",
        )
        for point in reversed(points)
    ]
    places = place_labels(
        [(point.label, across(point.x), down(point.y)) for point in points if point.named],
        right,
    )
    names = [
        tag("text", label, x=x, y=y, class_="label", text_anchor="start" if anchor_left else "end")
        for label, x, y, anchor_left in places
    ]
    titles = join(
        tag("text", x_title, x=(_LEFT + right) / 2, y=HEIGHT - 12, class_="axis", text_anchor="middle"),
        tag(
            "text",
            y_title,
            x=-(_TOP + bottom) / 2,
            y=16,
            class_="axis",
            text_anchor="middle",
            transform="rotate(-90)",
        ),
    )
    return tag(
        "svg",
        *grid,
        *dots,
        *names,
        titles,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=f"{y_title} against {x_title}",
    )


def ticks(end: float) -> list[int]:
    """Return 0, 1, 10, 100 and so on, up to the last that is not above `end`."""
    values = [0]
    value = 1
    while value <= end:
        values.append(value)
        value *= 10
    return values


def place_labels(wanted: Sequence[tuple[str, float, float]], right: float) -> list[tuple[str, float, float, bool]]:
    """Put each label beside its dot, or leave it out where one before it has the room.

    Args:
        wanted: label, and the dot's place; the most important first.
        right: where the plot ends.

    Returns:
        Label, place, and whether the text begins there (else it ends there).
    """
    taken: list[tuple[float, float, float]] = []
    placed = []
    for label, x, y in wanted:
        width = len(label) * _LETTER
        for begins in (False, True):
            left = x + 8 if begins else x - 8 - width
            free = all(
                left + width < other_left or other_left + other_width < left or abs(y - other_y) >= _LABEL_HEIGHT
                for other_left, other_width, other_y in taken
            )
            if free and left >= _LEFT and left + width <= right:
                taken.append((left, width, y))
                placed.append((label, x + 8 if begins else x - 8, y + 4, begins))
                break
    return placed
