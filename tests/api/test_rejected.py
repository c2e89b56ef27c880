"""What was put aside is seen over HTTP, newest first; what can't be read is answered by name."""

from typing import Any

import pytest
from redis import Redis

from api.service import Service, Space, node_class, one
from exosphere_core import api
from exosphere_core.keys import CatalogKeys, ShardKeys

MIB = 1024 * 1024


@pytest.fixture
def redis(service: Service) -> Any:
    with Redis.from_url(service.redis_url) as redis:
        yield redis


def put_aside(space: Space, redis: Any, count: int) -> list[dict[str, Any]]:
    """Send entries that are no reports, and wait until all of them were put aside."""
    space.register(node_class("A"))
    home = ShardKeys(space.name)
    for number in range(count):
        redis.xadd(home.reports, {"number": number, "reason": "forged", "raw": b"\xff"})
    space.graph(space.node("a"), name="after")
    run = space.trigger("after")
    space.do("A", one(v="1"))
    assert space.wait(run)["status"] == "SUCCESS"
    found: list[dict[str, Any]] = space.ok(api.LIST_REJECTED)["rejected"]
    return found


def test_it_is_listed_with_reason_and_fields_newest_first(space: Space, redis: Any) -> None:
    found = put_aside(space, redis, 3)
    assert [entry["fields"]["number"] for entry in found] == ["2", "1", "0"]
    assert {entry["reason"] for entry in found} == {"field kind is missing"}
    assert found[0]["fields"]["reason"] == "forged"
    assert found[0]["fields"]["raw"] == "�"
    assert sorted((entry["time"] for entry in found), reverse=True) == [entry["time"] for entry in found]


def test_nothing_stands_before_the_first_place(space: Space, redis: Any) -> None:
    put_aside(space, redis, 1)
    assert space.ok(api.LIST_REJECTED, query={"before": "0-0-0"})["rejected"] == []


def test_it_is_read_in_pages(space: Space, redis: Any) -> None:
    everything = put_aside(space, redis, 5)
    pages: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 2}
    while page := space.ok(api.LIST_REJECTED, query=query)["rejected"]:
        pages += page
        query["before"] = page[-1]["id"]
    assert pages == everything
    assert space.ok(api.LIST_REJECTED)["total"] == 5


@pytest.mark.parametrize("before", ["x", "1-2", "1-2-x", "-1-2-3", "1-2-3-4", "99999999999999999999-0-0"])
def test_a_page_after_nothing_is_refused_by_name(space: Space, before: str) -> None:
    assert "is no id of this list" in space.refused(400, api.LIST_REJECTED, query={"before": before})


def test_pages_go_over_all_shards_and_skip_nothing_of_one_moment(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis, Service(redis_url, shards=3) as service:
        for moment in range(4):
            for shard in range(3):
                fields: Any = {"report": "1-0", "reason": "r", "n": f"{moment}/{shard}"}
                redis.xadd(ShardKeys("spread", shard).rejected, fields, id=f"{1000 + moment}-1")
        space = Space(service, "spread")
        seen: list[str] = []
        query: dict[str, Any] = {"limit": 2}
        while page := space.ok(api.LIST_REJECTED, query=query)["rejected"]:
            seen += [entry["fields"]["n"] for entry in page]
            query["before"] = page[-1]["id"]
        assert seen == [f"{moment}/{shard}" for moment in (3, 2, 1, 0) for shard in (2, 1, 0)]


def spoiled(space: Space) -> tuple[str, str]:
    """A run that ended, and its first state."""
    space.chain()
    run = space.run_chain()
    state: str = space.ok(api.GET_STRUCTURE, run_id=run)["root_states"][0]["id"]
    return run, state


def test_an_unreadable_state_is_answered_by_name_and_the_picture_of_its_run_goes_on(space: Space, redis: Any) -> None:
    run, state = spoiled(space)
    key = ShardKeys(space.name).state(state)
    redis.hset(key, "task", "{")
    assert f"the record {key} in Redis can't be read" in space.refused(500, api.GET_STATE, run_id=run, state_id=state)
    picture = space.ok(api.GET_STRUCTURE, run_id=run)
    assert {node["id"]: node["status"] for node in picture["nodes"]}[state] == "UNREADABLE"
    assert picture["node_count"] == 2
    assert space.ok(api.GET_RUN, run_id=run)["status"] == "SUCCESS"


@pytest.mark.parametrize("field", ["made/first", "created_at", "status"])
def test_an_unreadable_run_is_answered_by_name_and_the_list_goes_on(space: Space, redis: Any, field: str) -> None:
    run, _ = spoiled(space)
    other = space.run_chain()
    key = ShardKeys(space.name).run(run)
    redis.hset(key, field, "99999999999999999999" if field == "created_at" else "x")
    for row in (api.GET_RUN, api.WAIT_RUN, api.GET_STRUCTURE):
        assert f"the record {key} in Redis can't be read" in space.refused(500, row, run_id=run)
    listed = space.ok(api.LIST_RUNS, page=1, size=10)
    assert [each["run_id"] for each in listed["runs"]] == [other]


def test_a_key_of_another_type_is_told_in_one_line(space: Space, redis: Any) -> None:
    space.chain()
    redis.set(ShardKeys(space.name).runs, "a string")
    assert "holds another type" in space.refused(500, api.LIST_RUNS, page=1, size=10)


def test_an_unreadable_graph_is_answered_by_name_keeps_nobody_from_registering_and_an_upsert_mends_it(
    space: Space, redis: Any
) -> None:
    space.graph(space.node("a"), name="broken")  # its node is not registered: it waits for that
    space.register(node_class("B"))
    space.graph(space.node("b"), name="sound")
    redis.hset(CatalogKeys(space.name).version("broken", 1), "template", "{")
    assert "graph:broken:1 in Redis can't be read" in space.refused(500, api.GET_GRAPH, graph_name="broken")
    space.register(node_class("A"))
    assert [graph["name"] for graph in space.ok(api.LIST_GRAPHS)["templates"]] == ["sound"]
    assert space.graph(space.node("a"), name="broken")["version"] == 2
    assert space.ok(api.GET_GRAPH, graph_name="broken")["validation_status"] == "VALID"


def test_an_unreadable_registration_is_as_none_until_the_node_registers_again(space: Space, redis: Any) -> None:
    space.register(node_class("A"), node_class("B"))
    redis.hset(CatalogKeys(space.name).nodes, "A", "{")
    assert [node["name"] for node in space.ok(api.LIST_NODES)["nodes"]] == ["B"]
    space.register(node_class("A"))
    assert [node["name"] for node in space.ok(api.LIST_NODES)["nodes"]] == ["A", "B"]


def test_a_queue_of_another_type_is_named_when_its_node_registers(space: Space, redis: Any) -> None:
    key = ShardKeys(space.name).ready("A")
    redis.set(key, "a string")
    body = {"runtime_name": "rt", "nodes": [node_class("A")]}
    assert f"the record {key} in Redis can't be read" in space.refused(500, api.REGISTER_NODES, body)


def test_a_trigger_of_20_mb_is_refused_with_the_limit_and_taken_where_that_is_higher(
    space: Space, redis_url: str
) -> None:
    space.register(node_class("A", ("x",)))
    space.graph(space.node("a", inputs={"x": ""}))
    body = {"inputs": {"x": "x" * (20 * MIB)}}
    assert "EXOSPHERE_MAX_BODY_BYTES" in space.refused(413, api.TRIGGER, body)
    with Service(redis_url, max_body_bytes=64 * MIB) as larger:
        other = Space(larger, space.name)
        run = other.trigger(**body)
        assert len(other.do("A", one(v="1")).inputs) > 20 * MIB
        assert other.wait(run)["status"] == "SUCCESS"
