"""Versions of a graph: listing, reading, and runs that stay with theirs."""

import json
from typing import Any

import pytest

from api.service import Space, node_class, one
from exosphere_core import api


def versions(space: Space, count: int) -> list[dict[str, Any]]:
    """Store a graph with an input that changes from version to version; returns the answers."""
    space.register(node_class("A", ("x",)), node_class("B"))
    return [space.graph(space.node("a", inputs={"x": str(number)})) for number in range(1, count + 1)]


def listed(space: Space, **query: Any) -> list[int]:
    answer = space.ok(api.LIST_VERSIONS, query=query)
    assert (answer["namespace"], answer["graph_name"]) == (space.name, "g")
    return [item["version"] for item in answer["versions"]]


def test_versions_are_listed_newest_first_with_time_and_size(space: Space) -> None:
    stored = versions(space, 2)
    stored.append(space.graph(space.node("a", "b", inputs={"x": "3"}), space.node("b")))
    answer = space.ok(api.LIST_VERSIONS)
    times = [item.pop("created_at") for item in answer["versions"]]
    assert times == sorted(times, reverse=True)
    assert times[-1] == stored[0]["created_at"]
    assert answer == {
        "namespace": space.name,
        "graph_name": "g",
        "versions": [
            {"version": 3, "newest": True, "node_count": 2},
            {"version": 2, "newest": False, "node_count": 1},
            {"version": 1, "newest": False, "node_count": 1},
        ],
    }


def test_a_page_goes_on_below_the_last_version_of_the_one_before(space: Space) -> None:
    versions(space, 5)
    assert listed(space, limit=2) == [5, 4]
    assert listed(space, limit=2, before=4) == [3, 2]
    assert listed(space, limit=2, before=2) == [1]
    assert listed(space, limit=2, before=1) == []
    assert listed(space, before=10**30) == [5, 4, 3, 2, 1]


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"before": 0}, {"before": "x"}])
def test_a_page_that_can_not_be_is_refused_by_name(space: Space, query: dict[str, Any]) -> None:
    versions(space, 1)
    (name,) = query
    assert space.refused(422, api.LIST_VERSIONS, query=query).startswith(f"{name}: ")


def test_the_newest_version_reads_as_the_graph_does(space: Space) -> None:
    versions(space, 2)
    assert space.ok(api.GET_VERSION, version=2) == space.ok(api.GET_GRAPH)


def test_an_older_version_reads_as_it_was_with_the_time_at_which_it_was_made(space: Space) -> None:
    space.register(node_class("A", ("x",), secrets=("token",)))
    first = space.graph(
        space.node("a", inputs={"x": "1"}), secrets={"token": "swordfish"}, store_config={"required_keys": ["k"]}
    )
    space.graph(space.node("a", inputs={"x": "2"}), secrets={"token": "swordfish", "more": "shark"})
    answer = space.call(api.GET_VERSION, version=1)
    assert "swordfish" not in answer.text
    made = {item["version"]: item["created_at"] for item in space.ok(api.LIST_VERSIONS)["versions"]}
    assert answer.json() == {**first, "updated_at": made[1]}


def test_an_older_version_is_validated_against_the_nodes_that_are_registered_now(space: Space) -> None:
    space.register(node_class("B"))
    stored = space.graph(space.node("a"))
    assert stored["validation_status"] == "INVALID"
    space.graph(space.node("b"))
    older = space.ok(api.GET_VERSION, version=1)
    assert (older["validation_status"], older["validation_errors"]) == ("INVALID", stored["validation_errors"])
    space.register(node_class("A"))
    older = space.ok(api.GET_VERSION, version=1)
    assert (older["validation_status"], older["validation_errors"]) == ("VALID", [])


@pytest.mark.parametrize("version", [0, -1, 3, 10**30])
def test_a_version_that_is_not_there_is_named_beside_the_newest(space: Space, version: int) -> None:
    versions(space, 2)
    detail = space.refused(404, api.GET_VERSION, version=version)
    assert detail == f"graph 'g' of namespace '{space.name}' has no version {version}; the newest is 2"


def test_versions_of_an_unknown_graph_are_not_found(space: Space) -> None:
    expected = f"namespace '{space.name}' has no graph 'nope'"
    assert space.refused(404, api.LIST_VERSIONS, graph_name="nope") == expected
    assert space.refused(404, api.GET_VERSION, graph_name="nope", version=1) == expected


def test_a_run_that_was_triggered_before_an_upsert_ends_by_the_old_version(space: Space) -> None:
    space.chain()
    old = space.trigger()
    space.graph(space.node("first", inputs={"x": "new"}))
    new = space.trigger()
    assert [json.loads(space.do("First", one(v="1")).inputs)["x"] for _ in range(2)] == ["default", "new"]
    assert space.wait(new)["version"] == 2
    assert json.loads(space.do("Second", one(v="2")).inputs) == {"y": "got 1"}
    ended = space.wait(old)
    assert (ended["status"], ended["version"], ended["total_count"]) == ("SUCCESS", 1, 2)
