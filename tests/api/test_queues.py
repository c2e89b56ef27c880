"""What waits and runs, by node; who executes it."""

from typing import Any

import pytest

from api.service import Service, Space, eventually, many, node_class, one
from exosphere_core import api
from exosphere_core.keys import RUNTIMES_GROUP, CatalogKeys, ShardKeys
from exosphere_core.store import streams
from exosphere_orchestrator.catalog import runtimes


def queue(space: Space, name: str) -> dict[str, Any]:
    (found,) = [each for each in space.ok(api.LIST_QUEUES)["queues"] if each["node_name"] == name]
    return found


def waiting(space: Space, width: int) -> str:
    """A run with so many leaves that wait."""
    space.register(node_class("Root"), node_class("Leaf", ("x",)))
    space.graph(space.node("root", "leaf"), space.node("leaf", inputs={"x": "${{ root.outputs.v }}"}))
    run = space.trigger()
    space.do("Root", many(*map(str, range(width))))
    space.take("Leaf")
    return run


def register(space: Space, name: str, runtime: str | None, *nodes: str, version: str | None = None) -> None:
    body = {"runtime_name": name, "nodes": [node_class(node) for node in nodes], "version": version}
    space.ok(api.REGISTER_NODES, body if runtime is None else {**body, "instance": runtime})


def test_a_queue_tells_what_waits_and_what_runs(space: Space) -> None:
    waiting(space, 3)
    leaf = queue(space, "Leaf")
    assert (leaf["depth"], leaf["running"], leaf["consumers"]) == (2, 1, 1)
    assert leaf["oldest_age_ms"] >= 0
    root = queue(space, "Root")
    assert (root["depth"], root["running"], root["oldest_age_ms"]) == (0, 0, None)
    space.do("Leaf", one(v="1"))
    assert queue(space, "Leaf")["depth"] == 1


def test_a_paused_queue_says_so_and_tells_what_waits_as_before(space: Space) -> None:
    waiting(space, 3)
    before = queue(space, "Leaf")
    space.ok(api.PAUSE_QUEUE, node_name="Leaf")
    paused = queue(space, "Leaf")
    assert (before["paused"], paused["paused"], queue(space, "Root")["paused"]) == (False, True, False)
    assert (paused["depth"], paused["running"], paused["consumers"]) == (2, 1, 1)
    assert paused["oldest_age_ms"] >= before["oldest_age_ms"]
    space.ok(api.RESUME_QUEUE, node_name="Leaf")
    assert not queue(space, "Leaf")["paused"]


def test_the_oldest_one_grows_older(space: Space) -> None:
    waiting(space, 2)
    first = queue(space, "Leaf")["oldest_age_ms"]
    eventually("Redis' clock goes on", lambda: queue(space, "Leaf")["oldest_age_ms"] > first)


def test_queues_come_in_pages_in_order_of_the_name(space: Space) -> None:
    space.register(*(node_class(name) for name in "CABED"))
    pages, query = [], {"limit": 2}
    while True:
        page = space.ok(api.LIST_QUEUES, query=query)
        pages.append([each["node_name"] for each in page["queues"]])
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert pages == [["A", "B"], ["C", "D"], ["E"]]
    assert "is none of this list" in space.refused(400, api.LIST_QUEUES, query={"cursor": "a b"})
    space.refused(422, api.LIST_QUEUES, query={"limit": 201})


def test_queues_of_several_shards_are_one(redis_url: str) -> None:
    with Service(redis_url, shards=3) as service:
        space = Space(service, "sharded-queues")
        space.register(node_class("A"))
        space.graph(space.node("a"))
        runs = [space.trigger() for _ in range(12)]
        assert len({run[-4:] for run in runs}) > 1
        assert queue(space, "A")["depth"] == 12


def test_a_runtime_is_told_with_what_it_runs_and_since_when(service: Service, space: Space) -> None:
    register(space, "worker", "host-1-ab", "A", "B")
    register(space, "worker", "host-2-cd", "A")
    register(space, "by-hand", None, "C")
    space.graph(space.node("a"))
    space.trigger()
    ready = ShardKeys(space.name).ready("A")
    taken = service.with_redis(lambda redis: streams.read_new(redis, RUNTIMES_GROUP, "host-2-cd", [ready], 1, None))
    assert len(taken) == 1
    first, second = space.ok(api.LIST_RUNTIMES)["runtimes"]
    assert (first["id"], first["runtime_name"], first["nodes"], first["running"]) == (
        "host-1-ab", "worker", ["A", "B"], 0,
    )  # fmt: skip
    assert (first["alive"], first["last_seen_ms"]) == (False, None)
    assert (second["id"], second["nodes"], second["running"], second["alive"]) == ("host-2-cd", ["A"], 1, True)
    assert first["registered_at"] <= second["registered_at"]
    assert first["version"] is None
    register(space, "worker", "host-1-ab", "A", version="2.0.1")
    assert space.ok(api.LIST_RUNTIMES)["runtimes"][0] == {**first, "nodes": ["A"], "version": "2.0.1"}


def test_a_runtime_that_withdraws_is_left_out_at_once_unless_it_holds_something(service: Service, space: Space) -> None:
    register(space, "worker", "gone", "A", "B")
    register(space, "worker", "busy", "A")
    register(space, "worker", "here", "A")
    space.graph(space.node("a"))
    space.trigger()
    ready = ShardKeys(space.name).ready("A")
    taken = service.with_redis(lambda redis: streams.read_new(redis, RUNTIMES_GROUP, "busy", [ready], 1, None))
    assert len(taken) == 1
    for idle in ("gone", "here"):
        service.with_redis(lambda redis, idle=idle: streams.be_heard(redis, RUNTIMES_GROUP, idle, [ready]))
    assert queue(space, "A")["consumers"] == 3
    assert space.ok(api.WITHDRAW_RUNTIME, runtime_id="gone") == {"id": "gone", "withdrawn": True}
    assert space.ok(api.WITHDRAW_RUNTIME, runtime_id="gone") == {"id": "gone", "withdrawn": True}, (
        "it may be said again"
    )
    assert space.ok(api.WITHDRAW_RUNTIME, runtime_id="busy") == {"id": "busy", "withdrawn": False}
    left = space.ok(api.LIST_RUNTIMES)["runtimes"]
    assert [(each["id"], each["running"]) for each in left] == [("busy", 1), ("here", 0)]
    assert queue(space, "A")["consumers"] == 2


def test_a_runtime_whose_registration_is_not_known_is_told_by_its_queues(space: Space) -> None:
    waiting(space, 1)
    (runtime,) = space.ok(api.LIST_RUNTIMES)["runtimes"]
    assert (runtime["id"], runtime["runtime_name"], runtime["registered_at"]) == ("by-hand", None, None)
    assert (runtime["alive"], runtime["running"], runtime["nodes"]) == (True, 1, ["Leaf", "Root"])


def test_runtimes_come_in_pages(space: Space) -> None:
    for number in range(5):
        register(space, "worker", f"w{number}", "A")
    first = space.ok(api.LIST_RUNTIMES, query={"limit": 3})
    rest = space.ok(api.LIST_RUNTIMES, query={"limit": 3, "cursor": first["next_cursor"]})
    assert [each["id"] for each in first["runtimes"] + rest["runtimes"]] == [f"w{number}" for number in range(5)]
    assert rest["next_cursor"] is None


def test_registrations_are_bounded_and_those_that_nobody_heard_of_are_forgotten(
    service: Service, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exosphere_core.store.registrations.MOST_RUNTIMES", 2)
    for number in range(3):
        register(space, "worker", f"w{number}", "A")
    assert [each["id"] for each in space.ok(api.LIST_RUNTIMES)["runtimes"]] == ["w0", "w1"]
    assert service.with_redis(lambda redis: runtimes.forget_gone(redis, space.name, 1, 3_600_000)) == 0
    assert service.with_redis(lambda redis: runtimes.forget_gone(redis, space.name, 1, -1000)) == 2
    assert service.with_redis(lambda redis: redis.exists(CatalogKeys(space.name).runtimes)) == 0
