"""Graph files: what is taken, and the one line that says where a malformed one is wrong."""

from pathlib import Path

import pytest

from exosphere_core.errors import ConfigurationError
from exosphere_core.graph_file import GraphFile, parse_graph, read_graph_file

YAML = """
name: my-graph
namespace: prod
nodes:
  - identifier: load
    node_name: LoadNode
    namespace: prod
    inputs: {since: 2024-01-01, text: "${{ store.cursor }}"}
secrets:
"""


def parse(text: str, *, is_json: bool = False) -> GraphFile:
    return parse_graph(text, "graph.yaml", is_json=is_json)


def message(text: str, *, is_json: bool = False) -> str:
    with pytest.raises(ConfigurationError) as refused:
        parse(text, is_json=is_json)
    assert "\n" not in refused.value.detail
    return refused.value.detail


def test_a_yaml_graph_is_read_and_empty_sections_are_left_out() -> None:
    found = parse(YAML)
    assert (found.name, found.namespace) == ("my-graph", "prod")
    assert list(found.content) == ["nodes"]
    assert found.content["nodes"][0]["inputs"] == {"since": "2024-01-01", "text": "${{ store.cursor }}"}


def test_a_json_graph_is_read_by_its_file_ending(tmp_path: Path) -> None:
    file = tmp_path / "graph.json"
    file.write_text('\ufeff{"graph_name": "g", "nodes": [], "secrets": {"a": "b"}}', encoding="utf-8")
    assert read_graph_file(file) == GraphFile("g", None, {"nodes": [], "secrets": {"a": "b"}})


def test_merged_yaml_mappings_may_be_overridden() -> None:
    found = parse("nodes:\n  - &a {identifier: a, node_name: N}\n  - {<<: *a, identifier: b}\n")
    assert found.content["nodes"][1] == {"identifier": "b", "node_name": "N"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: x\nnodes:\n  - {a: 1\n", "graph.yaml is malformed YAML: line 4, column 1: expected ',' or '}'"),
        ("name: x\n\tnodes: []\n", "graph.yaml is malformed YAML: line 2, column 1: found character '\\t'"),
        ("name: x\nname: y\nnodes: []\n", "graph.yaml is malformed YAML: line 2, column 1: key 'name' is given twice"),
        ("nodes: [{1: x}]\n", "graph.yaml is malformed YAML: line 1, column 10: key '1' is not text"),
        ("nodes: [*nothing]\n", "graph.yaml is malformed YAML: line 1, column 9: found undefined alias"),
        (
            "nodes: !!python/object:os.system []\n",
            "graph.yaml is malformed YAML: line 1, column 8: could not determine",
        ),
        ("nodes: []\n---\nnodes: []\n", "graph.yaml is malformed YAML: line 2, column 1: but found another document"),
        ("nodes: [!!int x]\n", "graph.yaml is malformed YAML: invalid literal for int()"),
        ("nodes: \x07\n", "graph.yaml is malformed YAML: line 1, column 8: a character that is not allowed"),
        ("nodes: [.nan]\n", "graph.yaml: nodes[0] is nan, which JSON does not have; put it in quotes"),
        ("nodes: [{inputs: {a: !!binary aGk=}}]\n", "graph.yaml: nodes[0].inputs.a is a bytes, which JSON does not"),
        ("nodes: &a [*a]\n", "graph.yaml is nested too deeply, or within itself"),
        ("nodes: " + "[" * 5000 + "]" * 5000, "graph.yaml is nested too deeply, or within itself"),
        ("", "graph.yaml is empty; a graph is a mapping with 'name' and 'nodes'"),
        ("- a\n", "graph.yaml is a list; a graph is a mapping with 'name' and 'nodes'"),
        ("name: x\n", "graph.yaml: 'nodes' is missing"),
        ("name: 7\nnodes: []\n", "graph.yaml: 'name' must be text, not 7; put it in quotes"),
        ("name: x\ngraph_name: y\nnodes: []\n", "graph.yaml: 'name' is 'x' but 'graph_name' is 'y'; give one of them"),
        ("name: x\nnode: []\nnodes: []\n", "graph.yaml: unknown key 'node'; a graph has name, graph_name, namespace"),
    ],
)
def test_a_malformed_yaml_graph_is_one_line_with_the_place(text: str, expected: str) -> None:
    assert message(text).startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"name": "x",\n "nodes": [}', "graph.yaml is malformed JSON: line 2, column 12: Expecting value"),
        ('{"name": "x", "name": "y", "nodes": []}', "graph.yaml: key 'name' is given twice in one object"),
        ('{"nodes": [NaN]}', "graph.yaml: nodes[0] is nan, which JSON does not have"),
        ('{"nodes": ' + "[" * 200_000, "graph.yaml is nested too deeply, or within itself"),
        ('{"nodes": [' + "1" * 5000 + "]}", "graph.yaml is malformed JSON: Exceeds the limit (4300"),
    ],
)
def test_a_malformed_json_graph_is_one_line_with_the_place(text: str, expected: str) -> None:
    assert message(text, is_json=True).startswith(expected)


def test_a_file_that_is_not_text_is_refused_by_the_place(tmp_path: Path) -> None:
    file = tmp_path / "graph.yaml"
    file.write_bytes(b"name: \xff\n")
    with pytest.raises(ConfigurationError, match=r"graph\.yaml is not UTF-8 text \(byte 6\)"):
        read_graph_file(file)
