"""The compiled plan: what the engine asks about a node."""

from typing import Any

import pytest
from hypothesis import given

from exosphere_core.graph.model import GraphTemplate
from exosphere_core.graph.plan import GraphPlan, compile_graph
from exosphere_core.graph.shape import Shape
from ground.graphs import dags, node, template_of


def plan_of(*nodes: Any, **body: Any) -> GraphPlan:
    return compile_graph("lab", "graph", 3, template_of(*nodes, **body))


#: root → a → (b → inner → c) → outer → end, where `inner` unites b's branches and `outer` those of a.
NESTED = plan_of(
    node("root", "a"),
    node("a", "b", "side"),
    node("b", "leaf", "inner"),
    node("leaf", "inner"),
    node("inner", "c", unites="b", inputs={"x": "${{ leaf.outputs.x }}", "y": "${{ b.outputs.y }}"}),
    node("c", "outer", inputs={"x": "${{ root.outputs.x }}", "k": "${{ store.cursor }}"}),
    node("side"),
    node(
        "outer",
        "end",
        unites={"identifier": "a", "strategy": "ALL_DONE"},
        inputs={"c": "${{ c.outputs.x }}", "r": "${{ root.outputs.x }}"},
    ),
    node("end"),
    retry_policy={"max_retries": 7},
    store_config={"required_keys": ["cursor"], "default_values": {"size": "1"}},
)


def test_a_plan_knows_its_root_version_and_store() -> None:
    assert (NESTED.namespace, NESTED.graph, NESTED.version, NESTED.root) == ("lab", "graph", 3, "root")
    assert NESTED.required_keys == ("cursor",)
    assert NESTED.default_store == {"size": "1"}


def test_children_are_numbered_by_their_edge_and_uniting_nodes_are_not_among_them() -> None:
    assert NESTED.nodes["a"].children == ((0, "b"), (1, "side"))
    assert NESTED.nodes["b"].children == ((0, "leaf"),)
    assert NESTED.nodes["b"].leads_to == {"inner"}
    assert NESTED.nodes["c"].children == ()
    assert NESTED.nodes["c"].leads_to == {"outer"}


def test_a_node_arms_the_nodes_that_unite_it() -> None:
    assert NESTED.nodes["a"].armed == ("outer",)
    assert NESTED.nodes["b"].armed == ("inner",)
    assert NESTED.nodes["root"].armed == ()


def test_of_two_nodes_that_unite_one_the_inner_is_armed_first() -> None:
    plan = plan_of(
        node("a", "b"), node("b", "outer", "inner"), node("outer", unites="a"), node("inner", "outer", unites="a")
    )
    assert plan.nodes["a"].armed == ("inner", "outer")


def test_a_uniting_node_knows_what_counts_and_what_it_reads_as_a_list() -> None:
    outer = NESTED.nodes["outer"].unites
    assert outer is not None
    assert (outer.united, outer.strategy) == ("a", "ALL_DONE")
    assert outer.between == {"b", "leaf", "inner", "c"}
    assert outer.collected == {"c"}
    inner = NESTED.nodes["inner"].unites
    assert inner is not None
    assert inner.strategy == "ALL_SUCCESS"
    assert inner.collected == {"leaf", "b"}


@pytest.mark.parametrize(
    "identifier, counts", [("leaf", True), ("c", True), ("a", False), ("side", False), ("end", False)]
)
def test_only_what_lies_on_a_path_to_a_uniting_node_counts_for_it(identifier: str, counts: bool) -> None:
    assert NESTED.counts_for(identifier, "outer") is counts


def test_nothing_counts_for_a_node_that_unites_nothing() -> None:
    assert NESTED.counts_for("b", "c") is False


def test_a_node_knows_what_it_reads_and_what_its_children_will_read() -> None:
    assert NESTED.nodes["c"].reads_outputs == {"root"}
    assert NESTED.nodes["c"].reads_store == {"cursor"}
    assert NESTED.nodes["inner"].ahead_outputs == {"root"}
    assert NESTED.nodes["inner"].ahead_store == {"cursor"}
    assert NESTED.nodes["root"].ahead_outputs == frozenset()


def test_a_node_has_the_graphs_retry_policy_unless_it_has_its_own() -> None:
    plan = plan_of(
        node("a", "b"),
        node("b", retry_policy={"max_retries": 0}, timeout_ms=50),
        retry_policy={"max_retries": 7},
    )
    assert plan.nodes["a"].retry_policy.max_retries == 7
    assert plan.nodes["a"].timeout_ms is None
    assert plan.nodes["b"].retry_policy.max_retries == 0
    assert plan.nodes["b"].timeout_ms == 50


def test_a_template_with_a_cycle_can_not_be_compiled() -> None:
    looped = GraphTemplate.model_validate({"nodes": [node("a", "b"), node("b", "a")]})
    with pytest.raises(ValueError, match="graph 'g' has a cycle"):
        compile_graph("lab", "g", 1, looped)


@given(dags())
def test_every_edge_of_a_graph_is_a_child_or_leads_to_a_uniting_node(shape: Shape) -> None:
    plan = plan_of(
        *(node(name, *following, unites=shape.unites.get(name)) for name, following in shape.next_nodes.items())
    )
    for name, following in shape.next_nodes.items():
        planned = plan.nodes[name]
        assert {child for _, child in planned.children} | planned.leads_to == set(following)
        assert set(planned.leads_to) <= set(shape.unites)
        assert all(following[edge] == child for edge, child in planned.children)
        assert {uniting for uniting, united in shape.unites.items() if united == name} == set(planned.armed)
