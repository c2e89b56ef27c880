"""Plots as SVG, by hand: bars for comparisons, lines for what grows."""

from collections.abc import Mapping, Sequence
from html import escape

from bench.suite.figures import Spread
from bench.suite.table import number

#: One for each contender, in their order; distinct for those who see few colours, on light and on dark ground.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#888888")
_WIDTH, _LABEL, _ROW, _GAP, _TOP = 760, 150, 18, 14, 44
_STYLE = "<style>text{font:12px sans-serif;fill:#777}.head{font-weight:bold;font-size:14px}</style>"


def bars(title: str, groups: Mapping[str, Mapping[str, Spread]], order: Sequence[str]) -> str:
    """Horizontal bars in groups; a line over each bar goes from the least to the greatest value.

    Args:
        groups: heading → contender → value.
        order: of all contenders, which gives them their colours.
    """
    greatest = max((value.greatest for group in groups.values() for value in group.values()), default=0.0) or 1.0
    scale = (_WIDTH - _LABEL - 110) / greatest
    parts, y = [], _TOP
    for heading, group in groups.items():
        if heading:
            parts.append(_text(0, y + 12, heading))
            y += _ROW
        for name, value in group.items():
            length = value.middle * scale
            parts += [
                _text(_LABEL - 8, y + 12, name, "end"),
                f'<rect x="{_LABEL}" y="{y}" width="{length:.1f}" height="{_ROW - 4}" fill="{_colour(name, order)}"/>',
                _line([(_LABEL + edge * scale, y + _ROW / 2 - 2) for edge in (value.least, value.greatest)], "#333"),
                _text(_LABEL + value.greatest * scale + 6, y + 12, number(value.middle)),
            ]
            y += _ROW
        y += _GAP
    return _picture(title, y, parts)


def lines(title: str, series: Mapping[str, Sequence[tuple[float, float]]], across: str, order: Sequence[str]) -> str:
    """Lines from the left to the right; both axes begin at 0.

    Args:
        series: name → points.
        across: what the horizontal axis tells.
        order: of all contenders, which gives them their colours.
    """
    height, left, bottom = 300, 70, 300 - 40
    points = [point for line in series.values() for point in line]
    right_end = max((x for x, _ in points), default=0.0) or 1.0
    top_end = max((y for _, y in points), default=0.0) or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        return left + x / right_end * (_WIDTH - left - 130), bottom - y / top_end * (bottom - _TOP)

    parts = [
        _line([place(0, top_end), place(0, 0), place(right_end, 0)], "#777"),
        _text(left - 6, _TOP + 4, number(top_end), "end"),
        _text(left - 6, bottom, "0", "end"),
        _text(place(right_end, 0)[0], bottom + 16, number(right_end), "end"),
        _text(left, bottom + 16, across),
    ]
    for name, line in series.items():
        parts.append(_line([place(*point) for point in line], _colour(name, order), 2))
        x, y = place(*line[-1])
        parts.append(_text(x + 6, y + 4, name))
    return _picture(title, height, parts)


def _picture(title: str, height: float, parts: Sequence[str]) -> str:
    size = f'viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}" height="{height:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}">'
    return "\n".join([head, _STYLE, f'<text class="head" x="0" y="18">{escape(title)}</text>', *parts, "</svg>\n"])


def _colour(name: str, order: Sequence[str]) -> str:
    return _COLOURS[order.index(name) % len(_COLOURS)] if name in order else _COLOURS[-1]


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(points: Sequence[tuple[float, float]], colour: str, width: int = 1) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
