"""Structural validation of inputs: what a placeholder may name, and the message when it may not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exosphere_core.graph.placeholders import OutputRef
from exosphere_core.graph.shape import Shape
from ground.graphs import dags, errors_of, node, template_of


def out(identifier: str, field: str = "x") -> str:
    return str(OutputRef(identifier, field))


@pytest.mark.parametrize(
    "nodes, expected",
    [
        ([node("a", inputs={"n": 5})], "node 'a': inputs.n: Input should be a valid string, not 5 (int)"),
        ([node("a", inputs={"n": None})], "node 'a': inputs.n: Input should be a valid string, not None (NoneType)"),
        ([node("a", inputs={"n": ["x"]})], "node 'a': inputs.n: Input should be a valid string, not a list"),
        (
            [node("a", inputs={"n": "${{ a.b }}"})],
            "node 'a': inputs.n: '${{ a.b }}' is not a placeholder: "
            "write '${{ identifier.outputs.field }}' or '${{ store.key }}'",
        ),
        (
            [node("a", inputs={"n": "${{ store.k"})],
            "node 'a': inputs.n: the placeholder that begins at '${{ store.k' is not closed with '}}'",
        ),
        (
            [node("load", "work"), node("work", inputs={"n": out("laod")})],
            "node 'work': inputs.n: '${{ laod.outputs.x }}' names 'laod', which is no node of this graph; "
            "did you mean 'load'?",
        ),
        (
            [node("a", "b", inputs={"n": out("b")}), node("b")],
            "node 'a': inputs.n: '${{ b.outputs.x }}' can't be used in the root's inputs: nothing ran before it; "
            "use the store or the trigger's inputs",
        ),
        (
            [node("a", "b"), node("b", inputs={"n": out("b")})],
            "node 'b': inputs.n: '${{ b.outputs.x }}' reads the node's own outputs",
        ),
        (
            [node("a", "b", "c"), node("b"), node("c", inputs={"n": out("b")})],
            "node 'c': inputs.n: '${{ b.outputs.x }}' reads 'b', which is not an ancestor of 'c'",
        ),
        (
            [node("a", "b", "c"), node("b", "d"), node("c", "d"), node("d", inputs={"n": out("b")})],
            "node 'd': inputs.n: '${{ b.outputs.x }}' reads 'b', which is not an ancestor of 'd' on every path; "
            "on some path it has no value",
        ),
        (
            [node("a", "b"), node("b", "u"), node("u", "z", unites="a"), node("z", inputs={"n": out("b")})],
            "node 'z': inputs.n: '${{ b.outputs.x }}' reads 'b', which lies before the uniting node 'u' and is not "
            "visible after it; pass the value on through 'u'",
        ),
        (
            [node("a", inputs={"n": "${{ store.cursor }}"})],
            "node 'a': inputs.n: '${{ store.cursor }}' reads a store key that is neither in store_config.required_keys "
            "nor in default_values",
        ),
    ],
)
def test_what_is_wrong_with_an_input_is_told_with_node_and_field(nodes: list[Any], expected: str) -> None:
    assert errors_of(*nodes) == [expected]


def test_a_store_key_may_be_required_or_have_a_default() -> None:
    template_of(
        node("a", inputs={"n": "${{ store.needed }}", "m": "${{ store.known }}"}),
        store_config={"required_keys": ["needed"], "default_values": {"known": "1"}},
    )


def test_a_uniting_node_reads_what_lies_before_between_and_at_the_node_that_it_unites() -> None:
    template_of(
        node("root", "a"),
        node("a", "b"),
        node("b", "u"),
        node("u", "z", unites="a", inputs={"r": out("root"), "a": out("a"), "b": out("b")}),
        node("z", inputs={"r": out("root"), "a": out("a"), "u": out("u")}),
    )


@given(dags(), st.data())
def test_a_placeholder_is_accepted_exactly_when_it_has_a_value_on_every_path(shape: Shape, data: st.DataObject) -> None:
    reader = data.draw(st.sampled_from(sorted(shape.next_nodes)))
    read = data.draw(st.sampled_from(sorted(shape.next_nodes)))
    errors = errors_of(
        *(
            node(name, *following, unites=shape.unites.get(name), inputs={"n": out(read)} if name == reader else {})
            for name, following in shape.next_nodes.items()
        )
    )
    visible = read in shape.lineage()[reader] or (reader in shape.unites and read in shape.between(reader))
    assert (errors == []) == visible
    assert all(error.startswith(f"node '{reader}': inputs.n: '{out(read)}' ") for error in errors)
