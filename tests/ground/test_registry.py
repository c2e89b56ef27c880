"""Validation against the registered nodes: each rule, with its message."""

from typing import Any

import pytest
from pydantic import BaseModel

from exosphere_core.graph.model import GraphTemplate
from exosphere_core.graph.registry import NodeContract, nodes_used, registry_errors
from ground.graphs import node, template_of


class Inputs(BaseModel):
    source: str
    size: str = "100"


class Outputs(BaseModel):
    data: str


LOAD = NodeContract.of(Inputs.model_json_schema(), Outputs.model_json_schema(), ["token"])
WORK = NodeContract.of({"properties": {"data": {"type": "string"}}, "required": ["data"]}, {}, [])
REGISTRY = {("lab", "Load"): LOAD, ("lab", "Work"): WORK}


def graph(load: dict[str, str], work: dict[str, str]) -> GraphTemplate:
    return template_of(node("load", "work", inputs=load), node("work", inputs=work))


SOUND = graph({"source": "here"}, {"data": "${{ load.outputs.data }}"})


def test_a_graph_that_gives_its_nodes_what_they_need_is_valid() -> None:
    assert registry_errors(SOUND, ["token"], REGISTRY) == []


def test_a_field_with_a_default_may_be_left_out_and_may_be_given() -> None:
    assert LOAD.required == {"source"}
    given = graph({"source": "here", "size": "5"}, {"data": "x"})
    assert registry_errors(given, ["token"], REGISTRY) == []


@pytest.mark.parametrize(
    "template, secrets, expected",
    [
        (
            graph({}, {"data": "x"}),
            ["token"],
            ["node 'load': inputs.source: required by 'Load' and missing"],
        ),
        (
            graph({"source": "x", "sise": "1"}, {"data": "x"}),
            ["token"],
            ["node 'load': inputs.sise: 'Load' has no such input; did you mean 'size'?"],
        ),
        (
            graph({"source": "x", "zzz": "1"}, {"data": "x"}),
            ["token"],
            ["node 'load': inputs.zzz: 'Load' has no such input; it has size, source"],
        ),
        (
            graph({"source": "x"}, {"data": "${{ load.outputs.dat }}"}),
            ["token"],
            [
                "node 'work': inputs.data: '${{ load.outputs.dat }}' reads an output that 'Load' does not have; "
                "did you mean 'data'?"
            ],
        ),
        (
            SOUND,
            [],
            ["node 'load': secret 'token' is needed by 'Load'; add it to the graph's secrets"],
        ),
    ],
)
def test_what_does_not_fit_a_registered_node_is_told_with_node_and_field(
    template: GraphTemplate, secrets: list[str], expected: list[str]
) -> None:
    assert registry_errors(template, secrets, REGISTRY) == expected


def test_a_node_that_is_not_registered_is_told_with_its_namespace_and_the_fix() -> None:
    assert registry_errors(SOUND, ["token"], {("lab", "Load"): LOAD, ("prod", "Work"): WORK}) == [
        "node 'work': node_name 'Work' is not registered in namespace 'lab'; start a runtime that has it"
    ]


def test_an_output_of_a_node_without_any_is_told() -> None:
    template = template_of(
        node("work", "load", inputs={"data": "x"}), node("load", inputs={"source": "${{ work.outputs.x }}"})
    )
    assert registry_errors(template, ["token"], REGISTRY) == [
        "node 'load': inputs.source: '${{ work.outputs.x }}' reads an output that 'Work' does not have; it has none"
    ]


@pytest.mark.parametrize(
    "schema",
    [{"type": "integer"}, {"anyOf": [{"type": "string"}, {"type": "null"}]}, {"$ref": "#/$defs/X"}, {}, True, None],
)
def test_a_schema_field_that_is_not_a_string_is_told(schema: Any) -> None:
    odd = NodeContract.of({"properties": {"data": schema}}, {"properties": {"out": schema}}, [])
    assert registry_errors(SOUND, ["token"], {**REGISTRY, ("lab", "Work"): odd}) == [
        "node 'work': input 'data' of 'Work' is not a string in its schema; all fields must be strings",
        "node 'work': output 'out' of 'Work' is not a string in its schema; all fields must be strings",
    ]


def test_all_errors_are_told_at_once_in_order_of_the_nodes() -> None:
    errors = registry_errors(graph({"sauce": "x"}, {"data": "${{ load.outputs.x }}"}), [], REGISTRY)
    assert [error.split(":")[0] for error in errors] == ["node 'load'"] * 3 + ["node 'work'"]


@pytest.mark.parametrize("schema", [{}, {"properties": []}, {"required": "all"}, {"required": [1, "ghost"]}])
def test_a_schema_that_says_little_asks_for_nothing(schema: dict[str, Any]) -> None:
    contract = NodeContract.of(schema, schema, [])
    assert contract == NodeContract(frozenset(), frozenset(), frozenset(), frozenset(), ())


def test_the_nodes_that_a_graph_uses_are_each_asked_for_once() -> None:
    template = template_of(
        node("a", "b", "c", node_name="Load"),
        node("b", node_name="Load"),
        node("c", node_name="Load", namespace="prod"),
    )
    assert nodes_used(template) == [("lab", "Load"), ("prod", "Load")]
