"""Structural validation: each rule, with the message that its offender gets."""

from typing import Any

import pytest

from exosphere_core.graph.model import CronTrigger, GraphNodeModel
from exosphere_core.graph.placeholders import OutputRef
from exosphere_core.graph.structure import read_template
from ground.graphs import errors_of, node, template_of


def out(identifier: str, field: str = "x") -> str:
    return str(OutputRef(identifier, field))


def test_a_sound_graph_is_read_as_it_was_declared() -> None:
    template = template_of(
        node("load", "work", inputs={"source": "initial"}),
        node("work", inputs={"data": out("load", "data")}, retry_policy={"max_retries": 1}, timeout_ms=500),
        retry_policy={"max_retries": 5},
        store_config={"required_keys": ["cursor"], "default_values": {"size": 100}},
        triggers=[{"type": "CRON", "value": {"expression": "0 9 * * 1-5", "timezone": "Europe/Paris"}}],
    )
    assert [one.identifier for one in template.nodes] == ["load", "work"]
    assert template.retry_policy.max_retries == 5
    assert template.node("work").timeout_ms == 500
    assert template.store_config.default_values == {"size": "100"}
    assert template.triggers[0].value == CronTrigger(expression="0 9 * * 1-5", timezone="Europe/Paris")


def test_white_space_around_names_is_trimmed() -> None:
    template = template_of(
        node(" load ", " work", node_name=" Load ", namespace=" lab\n"),
        node("work", unites=" load "),
        store_config={"required_keys": [" cursor "], "default_values": {" size ": "1"}},
    )
    assert template.nodes[0].model_dump(include={"identifier", "node_name", "namespace", "next_nodes"}) == {
        "identifier": "load",
        "node_name": "Load",
        "namespace": "lab",
        "next_nodes": ["work"],
    }
    assert template.nodes[1].unites is not None
    assert template.nodes[1].unites.identifier == "load"
    assert template.store_config.required_keys == ["cursor"]
    assert template.store_config.default_values == {"size": "1"}


def test_parts_that_are_null_are_taken_as_left_out() -> None:
    template_of(
        node("a", next_nodes=None, unites=None, retry_policy=None, timeout_ms=None),
        retry_policy=None,
        store_config=None,
        triggers=None,
    )


@pytest.mark.parametrize(
    "nodes, expected",
    [
        # identifiers
        (
            [node("a", "b"), node("b"), node("b")],
            "node 'b': identifier is used by 2 nodes; it must be unique in the graph",
        ),
        ([node(" ")], "nodes[0]: identifier: identifier is empty"),
        ([{"node_name": "A", "namespace": "lab"}], "nodes[0]: identifier: Field required"),
        (
            [node("store")],
            "node 'store': identifier: identifier 'store' is reserved for the store; choose another",
        ),
        (
            [node("a.b")],
            "node 'a.b': identifier: identifier 'a.b' is not allowed: use 1 to 128 of letters, digits, '_' and '-', "
            "beginning with a letter, digit or '_'",
        ),
        ([node("a", node_name="")], "node 'a': node_name: node_name is empty"),
        (
            [node("a", namespace="my lab")],
            "node 'a': namespace: namespace 'my lab' is not allowed: "
            "use 1 to 128 of letters, digits, '_', '.' and '-', beginning with a letter, digit or '_'",
        ),
        # next_nodes
        (
            [node("load", "wrok"), node("work")],
            "node 'load': next_nodes names 'wrok', which is no node of this graph; did you mean 'work'?",
        ),
        (
            [node("a", "b", "b"), node("b")],
            "node 'a': next_nodes: next_nodes names 'b' more than once",
        ),
        ([node("a", "")], "node 'a': next_nodes: next_nodes entry is empty"),
        ([node("a", next_nodes="b")], "node 'a': next_nodes: Input should be a valid list, not 'b' (str)"),
        # unites
        (
            [node("a", "u"), node("u", unites="x")],
            "node 'u': unites names 'x', which is no node of this graph",
        ),
        (
            [node("a", "u"), node("u", unites="u")],
            "node 'u': unites names the node itself; name the node where its branches begin",
        ),
        (
            [node("a", "b", "c"), node("b", "u"), node("c"), node("u", unites="c")],
            "node 'u': unites names 'c', which does not reach it; a path of next_nodes must lead from 'c' to 'u'",
        ),
        (
            [node("a", "u"), node("u", unites={"identifier": "a", "strategy": "ANY"})],
            "node 'u': unites.strategy: Input should be 'ALL_SUCCESS' or 'ALL_DONE'",
        ),
        # the shape
        ([], "nodes: the graph is empty; it needs at least one node"),
        (
            [node("a"), node("b")],
            "nodes: the graph has more than one root: 'a', 'b'; exactly one node may have no incoming edge",
        ),
        ([node("a", "b"), node("b", "a")], "nodes: the graph has a cycle: a → b → a"),
        ([node("a", "a")], "nodes: the graph has a cycle: a → a"),
        (
            [node("r", "u"), node("u", "a", unites="a"), node("a", "u")],
            "nodes: the graph has a cycle: u → a → u",
        ),
        (
            [node("r"), node("a", "b"), node("b", "a")],
            "node 'a': the root 'r' does not reach it; put it into a node's next_nodes",
        ),
        # the rest of a node
        (
            [node("a", retry_policy={"max_retries": -1})],
            "node 'a': retry_policy.max_retries: Input should be greater than or equal to 0",
        ),
        ([node("a", timeout_ms=0)], "node 'a': timeout_ms: Input should be greater than 0"),
        ([node("a", colour="red")], "node 'a': colour: Extra inputs are not permitted"),
        (["a"], "nodes[0]: Input should be a valid dictionary or instance of GraphNodeModel, not 'a' (str)"),
    ],
)
def test_what_is_wrong_with_a_node_is_told_with_node_and_field(nodes: list[Any], expected: str) -> None:
    assert expected in errors_of(*nodes)


@pytest.mark.parametrize(
    "body, expected",
    [
        ({"nodes": None}, "nodes: missing; give a list"),
        ({"nodes": {}}, "nodes: must be a list, not dict"),
        ({"triggers": {}}, "triggers: must be a list, not dict"),
        ({"retry_policy": {"backoff_factor": 0}}, "retry_policy: backoff_factor: Input should be greater than 0"),
        (
            {"retry_policy": []},
            "retry_policy: Input should be a valid dictionary or instance of RetryPolicyModel, not a list",
        ),
        (
            {"retry_policy": 0},
            "retry_policy: Input should be a valid dictionary or instance of RetryPolicyModel, not 0 (int)",
        ),
        (
            {"store_config": {"required_keys": ["a", "a"]}},
            "store_config: required_keys: required_keys names 'a' more than once",
        ),
        (
            {"store_config": {"required_keys": ["a.b"]}},
            "store_config: required_keys: required_keys entry 'a.b' is not allowed: "
            "use 1 to 128 of letters, digits, '_' and '-', beginning with a letter, digit or '_'",
        ),
        (
            {"store_config": {"default_values": {"": "x"}}},
            "store_config: default_values: default_values key is empty",
        ),
        (
            {"store_config": {"default_values": {"a": None}}},
            "store_config: default_values: default_values 'a' is null; give text",
        ),
        (
            {"triggers": [{"type": "CRON", "value": {"expression": "0 9 * *"}}]},
            "triggers[0]: value.expression: cron expression '0 9 * *' has 4 fields; it needs five: "
            "minute, hour, day of month, month, day of week",
        ),
        (
            {"triggers": [{"type": "TIDE", "value": {"expression": "* * * * *"}}]},
            "triggers[0]: type: Input should be 'CRON'",
        ),
    ],
)
def test_what_is_wrong_beside_the_nodes_is_told_with_its_place(body: dict[str, Any], expected: str) -> None:
    template, errors = read_template({"nodes": [node("a")], **body})
    assert template is None
    assert expected in errors


def test_errors_of_every_kind_are_told_at_once() -> None:
    errors = errors_of(
        node("a", "gone", inputs={"n": "${{ store.k }}"}),
        node("b", inputs={"n": "${{ x }}", "m": 5}),
        node("c", inputs={"n": "${{ nobody.outputs.x }}"}, unites="c"),
        node("c"),
        retry_policy={"exponent": 0},
        store_config={"required_keys": ["other"]},
        triggers=[{"type": "CRON", "value": {"expression": "daily"}}],
    )
    assert [error.split(": ")[0:2] for error in errors] == [
        ["retry_policy", "exponent"],
        ["triggers[0]", "value.expression"],
        ["node 'b'", "inputs.m"],
        ["node 'c'", "identifier is used by 2 nodes; it must be unique in the graph"],
        ["node 'a'", "next_nodes names 'gone', which is no node of this graph"],
        ["node 'c'", "unites names the node itself; name the node where its branches begin"],
        ["node 'a'", "inputs.n"],
        ["node 'c'", "inputs.n"],
    ]


def test_a_node_that_can_not_be_read_is_still_known_to_the_others() -> None:
    errors = errors_of(node("a", "b"), node("b", "c", timeout_ms=-1), node("c", inputs={"n": out("b")}))
    assert errors == ["node 'b': timeout_ms: Input should be greater than 0"]


def test_a_long_text_is_cut_in_a_message() -> None:
    (error,) = errors_of(node("a", next_nodes="b" * 10_000))
    assert len(error) < 200


def test_a_node_model_is_taken_as_well_as_its_json() -> None:
    model = GraphNodeModel(node_name="A", namespace="lab", identifier="a")
    template, errors = read_template({"nodes": [model]})
    assert errors == []
    assert template is not None
    assert template.nodes == [model]
