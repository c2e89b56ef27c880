"""The shape of a graph, against definitions so naive that they can be read."""

from itertools import pairwise

from hypothesis import given

from exosphere_core.graph.shape import Shape
from ground.graphs import dags, digraphs, paths_to

DIAMOND = Shape({"a": ("b", "c"), "b": ("d",), "c": ("d",), "d": ()}, {})


def edges_of(shape: Shape) -> set[tuple[str, str]]:
    """All edges, the ones from a united node to the uniting one included."""
    forward = {(name, child) for name, following in shape.next_nodes.items() for child in following}
    return forward | {(united, uniting) for uniting, united in shape.unites.items()}


def reachable(edges: set[tuple[str, str]], start: str) -> set[str]:
    found = {child for name, child in edges if name == start}
    while more := {child for name, child in edges if name in found} - found:
        found |= more
    return found


def ways_of_one_branch(shape: Shape, end: str) -> list[set[str]]:
    """All ways to `end` as one branch sees them: a uniting node comes straight after the one that it unites."""
    if end in shape.unites:
        before = [shape.unites[end]]
    else:
        before = [name for name, following in shape.next_nodes.items() if end in following]
    return [way | {parent} for parent in before for way in ways_of_one_branch(shape, parent)] or [set()]


def test_in_a_diamond_only_the_root_is_on_every_path_to_the_end() -> None:
    assert DIAMOND.lineage() == {
        "a": frozenset(),
        "b": frozenset("a"),
        "c": frozenset("a"),
        "d": frozenset("a"),
    }


def test_a_united_diamond_hides_what_lies_between_from_what_comes_after() -> None:
    shape = Shape({"a": ("b", "c"), "b": ("d",), "c": ("d",), "d": ("e",), "e": ()}, {"d": "a"})
    assert shape.between("d") == {"b", "c"}
    assert shape.lineage()["e"] == {"a", "d"}


def test_a_side_branch_that_does_not_lead_to_the_uniting_node_is_not_between() -> None:
    shape = Shape({"a": ("b", "side"), "b": ("u",), "side": ("deep",), "deep": (), "u": ()}, {"u": "a"})
    assert shape.between("u") == {"b"}


def test_a_unites_edge_counts_as_an_incoming_edge() -> None:
    assert Shape({"a": (), "u": ()}, {"u": "a"}).roots() == ["a"]
    assert Shape({"a": (), "u": ()}, {}).roots() == ["a", "u"]


def test_a_long_chain_needs_no_recursion() -> None:
    names = [f"n{index}" for index in range(3000)]
    chain = Shape({name: (following,) for name, following in pairwise(names)} | {names[-1]: ()}, {})
    assert chain.order() == names
    assert len(chain.descendants(names[0])) == 2999
    ring = Shape({**chain.next_nodes, names[-1]: (names[0],)}, {})
    assert ring.cycle() == [*names, names[0]]


@given(digraphs())
def test_there_is_an_order_unless_a_node_reaches_itself(shape: Shape) -> None:
    edges = edges_of(shape)
    order = shape.order()
    if any(name in reachable(edges, name) for name in shape.next_nodes):
        assert order is None
    else:
        assert order is not None
        assert sorted(order) == sorted(shape.next_nodes)
        assert all(order.index(name) < order.index(child) for name, child in edges)


@given(digraphs())
def test_the_cycle_that_is_told_is_one(shape: Shape) -> None:
    if shape.order() is None:
        cycle = shape.cycle()
        assert len(cycle) >= 2
        assert cycle[0] == cycle[-1]
        assert len(set(cycle)) == len(cycle) - 1
        assert set(pairwise(cycle)) <= edges_of(shape)


@given(digraphs())
def test_descendants_and_ancestors_are_what_the_edges_reach(shape: Shape) -> None:
    forward = {(name, child) for name, following in shape.next_nodes.items() for child in following}
    for name in shape.next_nodes:
        assert shape.descendants(name) == reachable(forward, name)
        assert shape.ancestors(name) == reachable({(child, parent) for parent, child in forward}, name)


@given(digraphs())
def test_roots_are_the_nodes_that_no_edge_enters(shape: Shape) -> None:
    entered = {child for _, child in edges_of(shape)}
    assert set(shape.roots()) == set(shape.next_nodes) - entered


@given(dags())
def test_what_lies_between_is_what_some_path_passes(shape: Shape) -> None:
    for uniting, united in shape.unites.items():
        passed: set[str] = set()
        for path in paths_to(shape.next_nodes, uniting):
            if united in path:
                passed |= set(path[path.index(united) + 1 : -1])
        assert shape.between(uniting) == passed


@given(dags())
def test_the_lineage_of_a_node_is_what_every_way_to_it_passes(shape: Shape) -> None:
    lineage = shape.lineage()
    for name in shape.next_nodes:
        assert lineage[name] == set.intersection(*ways_of_one_branch(shape, name))
