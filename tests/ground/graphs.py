"""Small graphs for tests, and random ones."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from exosphere_core.graph.model import GraphTemplate
from exosphere_core.graph.shape import Shape
from exosphere_core.graph.structure import read_template

#: What `names` allows, as the rules of a graph say it.
names = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", fullmatch=True)
identifiers = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,127}", fullmatch=True).filter(lambda name: name != "store")


def node(
    identifier: str, *next_nodes: str, unites: str | dict[str, str] | None = None, **fields: Any
) -> dict[str, Any]:
    """A node's JSON. Its class is called as it is, with a capital."""
    declared: dict[str, Any] = {"node_name": identifier.capitalize(), "namespace": "lab", "identifier": identifier}
    declared["next_nodes"] = list(next_nodes)
    if unites is not None:
        declared["unites"] = {"identifier": unites} if isinstance(unites, str) else unites
    return declared | fields


def errors_of(*nodes: Any, **body: Any) -> list[str]:
    """Everything that is wrong with the structure of these nodes."""
    return read_template({"nodes": list(nodes), **body})[1]


def template_of(*nodes: Any, **body: Any) -> GraphTemplate:
    """The template of nodes that are right."""
    template, errors = read_template({"nodes": list(nodes), **body})
    assert template is not None, errors
    return template


Edges = Mapping[str, tuple[str, ...]]


@st.composite
def digraphs(draw: st.DrawFn) -> Shape:
    """Any edges whatever between up to six nodes, cycles and loops included."""
    nodes = "abcdef"[: draw(st.integers(1, 6))]
    edges = {name: tuple(draw(st.lists(st.sampled_from(nodes), unique=True, max_size=3))) for name in nodes}
    return Shape(edges, draw(st.dictionaries(st.sampled_from(nodes), st.sampled_from(nodes), max_size=2)))


@st.composite
def dags(draw: st.DrawFn) -> Shape:
    """A sound graph: one root, no cycle, and each uniting node comes after the node that it unites."""
    nodes = "abcdefg"[: draw(st.integers(1, 7))]
    edges: dict[str, list[str]] = {name: [] for name in nodes}
    for index, name in enumerate(nodes[1:], start=1):
        for parent in draw(st.sets(st.sampled_from(nodes[:index]), min_size=1, max_size=3)):
            edges[parent].append(name)
    shape = Shape({name: tuple(sorted(following)) for name, following in edges.items()}, {})
    unites: dict[str, str] = {}
    for name in draw(st.sets(st.sampled_from(nodes))):
        before = sorted(set().union(*paths_to(shape.next_nodes, name)) - {name})
        if before:
            unites[name] = draw(st.sampled_from(before))
    return Shape(shape.next_nodes, unites)


def paths_to(edges: Edges, end: str) -> list[list[str]]:
    """All ways from a node without a parent to `end`, one by one."""
    parents = [name for name, following in edges.items() if end in following]
    return [[*path, end] for parent in parents for path in paths_to(edges, parent)] or [[end]]
