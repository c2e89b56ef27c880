"""A graph is validated as an upsert would, and nothing is stored."""

from typing import Any

import pytest
from redis import Redis

from api.service import Space, node_class
from exosphere_core import api


@pytest.fixture
def space(space: Space) -> Space:
    space.register(node_class("A", ("x",), secrets=("token",)), node_class("B", ("y",)))
    return space


def faulty(space: Space) -> list[dict[str, Any]]:
    """Bodies that an upsert refuses, or stores as invalid."""
    node = space.node
    return [
        {"nodes": []},
        {"nodes": [node("a", "missing", inputs={"x": "1"})], "secrets": {"token": "t"}},
        {"nodes": [node("a"), node("a")]},
        {"nodes": [node("a", inputs={"x": "1"})]},
        {"nodes": [node("unknown")]},
        {"nodes": [node("a", inputs={"z": "${{ b.outputs.v }}"})], "secrets": {"token": "t", "a b": "x"}},
        {
            "nodes": [node("a", inputs={"x": "1"})],
            "secrets": {"token": "t"},
            "triggers": [{"type": "CRON", "value": {"expression": "never"}}],
        },
    ]


def test_a_graph_that_could_run_is_valid_and_is_not_stored(space: Space) -> None:
    with Redis.from_url(space.service.redis_url) as redis:
        before = sorted(redis.scan_iter(match=f"exo:{{{space.name}}}:graph*"))
        body = {"nodes": [space.node("a", inputs={"x": "1"})], "secrets": {"token": "t"}}
        assert space.ok(api.VALIDATE_GRAPH, body) == {"valid": True, "errors": []}
        assert sorted(redis.scan_iter(match=f"exo:{{{space.name}}}:graph*")) == before
    space.refused(404, api.GET_GRAPH)
    assert space.ok(api.LIST_AUDIT)["entries"][0]["call"] != "validate_graph"


def test_the_errors_are_those_of_an_upsert(space: Space) -> None:
    for body in faulty(space):
        told = space.ok(api.VALIDATE_GRAPH, body)
        upserted = space.call(api.UPSERT_GRAPH, body).json()
        assert told["valid"] is False
        assert told["errors"] == (upserted["errors"] if "errors" in upserted else upserted["validation_errors"])


def test_a_stored_graph_stays_as_it_is(space: Space) -> None:
    stored = space.graph(space.node("b", inputs={"y": "1"}))
    space.ok(api.VALIDATE_GRAPH, {"nodes": [space.node("b", inputs={"y": "2"})]})
    assert space.ok(api.GET_GRAPH) == stored


def test_a_body_of_another_form_is_refused(space: Space) -> None:
    assert space.refused(422, api.VALIDATE_GRAPH, {"nodes": "a"}).startswith("nodes: ")
    assert "graph name" in space.refused(400, api.VALIDATE_GRAPH, {"nodes": []}, graph_name="a b")


def test_a_viewer_is_told_of_nodes_of_its_own_namespace_alone(space: Space) -> None:
    headers = {api.API_KEY_HEADER: space.service.new_key("viewer", space.name)["key"]}
    body = {"nodes": [space.node("b", inputs={"y": "1"})]}
    assert space.ok(api.VALIDATE_GRAPH, body, headers=headers)["valid"]
    abroad = {"nodes": [space.node("b", namespace="elsewhere", inputs={"y": "1"})]}
    assert "namespace 'elsewhere'" in space.refused(403, api.VALIDATE_GRAPH, abroad, headers=headers)
