"""Who imports whom, as a wheel: packages on the rim, imports as arcs through the middle."""

from math import cos, pi, sin, sqrt
from typing import Final

from examples.stdlib_report.markup import Markup, join, tag
from examples.stdlib_report.survey import ImportGraph

WIDTH: Final = 920
HEIGHT: Final = 700
_RADIUS: Final = 240
_LARGEST_DOT: Final = 13.0


def wheel(graph: ImportGraph) -> Markup:
    """Draw the packages, each with the arcs of what it imports; pointing at one lifts its arcs out."""
    count = len(graph.importers) or 1
    angles = {package: 2 * pi * index / count - pi / 2 for index, package in enumerate(graph.importers)}
    most = max(graph.importers.values(), default=1)
    heaviest = max(graph.edges.values(), default=1)
    spokes = []
    for package, importers in graph.importers.items():
        imported = {to: weight for (source, to), weight in graph.edges.items() if source == package}
        arcs = [
            tag(
                "path",
                d=_arc(angles[package], angles[to]),
                class_="arc",
                stroke_width=0.8 + 3.2 * sqrt(weight / heaviest),
            )
            for to, weight in imported.items()
        ]
        told = f"{package}: imported by {importers} modules of other packages"
        if imported:
            told += "; imports " + ", ".join(sorted(imported))
        dot = _LARGEST_DOT * sqrt(importers / most)
        spokes.append(
            tag(
                "g",
                tag("title", told),
                *arcs,
                tag("circle", cx=_x(angles[package]), cy=_y(angles[package]), r=max(3.0, dot), class_="hub"),
                _label(package, importers, angles[package]),
                class_="spoke",
            )
        )
    return tag("svg", *spokes, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label="Imports between packages")


def _x(angle: float, radius: float = _RADIUS) -> float:
    return WIDTH / 2 + radius * cos(angle)


def _y(angle: float, radius: float = _RADIUS) -> float:
    return HEIGHT / 2 + radius * sin(angle)


def _arc(start: float, end: float) -> str:
    """A curve that is drawn towards the middle, the nearer its ends the less."""
    apart = abs((end - start + pi) % (2 * pi) - pi)
    between = start + ((end - start + pi) % (2 * pi) - pi) / 2
    depth = _RADIUS * (1 - apart / pi) * 0.8
    return (
        f"M{_x(start):.1f} {_y(start):.1f} "
        f"Q{_x(between, depth):.1f} {_y(between, depth):.1f} {_x(end):.1f} {_y(end):.1f}"
    )


def _label(package: str, importers: int, angle: float) -> Markup:
    left = cos(angle) < -1e-9
    turned = angle * 180 / pi + (180 if left else 0)
    x, y = _x(angle, _RADIUS + 20), _y(angle, _RADIUS + 20)
    name = tag("tspan", package, class_="name")
    number = tag("tspan", str(importers), class_="remark")
    return tag(
        "text",
        join(number, " ", name) if left else join(name, " ", number),
        x=x,
        y=y + 4,
        text_anchor="end" if left else "start",
        transform=f"rotate({turned:.1f} {x:.1f} {y:.1f})",
    )
