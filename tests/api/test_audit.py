"""The audit log: who changed what and who was refused, in order, bounded, for admins alone."""

import asyncio
from typing import Any

import pytest
from redis import Redis

from api.service import Service, Space, node_class, one
from exosphere_core import api
from exosphere_core.keys import GLOBAL_AUDIT, CatalogKeys
from exosphere_core.store import audit
from exosphere_core.store.connection import connect
from exosphere_orchestrator.access.audit import RefusalBudget
from exosphere_orchestrator.background.access import trim_audit
from exosphere_orchestrator.background.context import Jobs


def entries(space: Space, **query: Any) -> list[dict[str, Any]]:
    """The log of a namespace, newest first."""
    found: list[dict[str, Any]] = space.ok(api.LIST_AUDIT, query=query)["entries"]
    return found


def test_what_changes_something_is_told_with_who_what_when_and_from_where(space: Space) -> None:
    author = space.service.new_key("author", space.name)
    headers = {api.API_KEY_HEADER: author["key"], api.REQUEST_ID_HEADER: "find-me"}
    space.register(node_class("A"))
    space.ok(api.UPSERT_GRAPH, {"nodes": [space.node("a")]}, headers=headers)
    stored, registered, made = entries(space)
    assert (stored["key_id"], stored["call"], stored["status"]) == (author["id"], "upsert_graph", 201)
    assert stored["things"] == {"graph_name": "g"}
    assert (stored["address"], stored["request_id"], stored["namespace"]) == ("127.0.0.1", "find-me", space.name)
    assert stored["time"].endswith("Z")
    assert (registered["key_id"], registered["call"], registered["things"]) == (
        "root",
        "register_nodes",
        {"runtime_name": "rt"},
    )
    assert (made["call"], made["things"]) == ("create_key", {"key_id": author["id"], "role": "author"})


def test_a_run_is_told_by_its_id_and_so_is_whatever_is_done_to_it(space: Space) -> None:
    space.chain()
    run = space.run_chain()
    again = space.ok(api.RERUN, {}, run_id=run)["run_id"]
    space.ok(api.CANCEL_RUN, run_id=again)
    assert [(entry["call"], entry["things"]) for entry in entries(space, limit=3)] == [
        ("cancel_run", {"run_id": again}),
        ("rerun", {"run_id": run, "made_run_id": again}),
        ("trigger", {"graph_name": "g", "run_id": run}),
    ]


def test_reads_failed_changes_and_the_calls_of_running_nodes_are_not_told(space: Space) -> None:
    space.register(node_class("A"))
    space.graph(space.node("a"))
    space.trigger()
    held = space.take("A")
    before = len(entries(space))
    space.ok(api.LIST_GRAPHS)
    space.ok(api.RECORD_ONCE, {"value": 1}, state_id=held.state, key="k")
    space.refused(404, api.DELETE_GRAPH, graph_name="none")
    space.refused(422, api.UPSERT_GRAPH, {})
    space.report(held, one(v="1"))
    assert len(entries(space)) == before


def test_a_refused_call_is_told_in_the_log_of_the_key_that_tried(space: Space) -> None:
    viewer = space.service.new_key("viewer", space.name)
    headers = {api.API_KEY_HEADER: viewer["key"]}
    assert space.call(api.DELETE_GRAPH, headers=headers).status_code == 403
    assert space.call(api.LIST_GRAPHS, headers=headers, namespace="another").status_code == 403
    abroad, small = entries(space, limit=2)
    assert (abroad["call"], abroad["namespace"], abroad["key_id"], abroad["status"]) == (
        "list_graphs",
        "another",
        viewer["id"],
        403,
    )
    assert (small["call"], small["things"], small["status"]) == ("delete_graph", {"graph_name": "g"}, 403)
    with Redis.from_url(space.service.redis_url) as redis:
        assert not redis.exists(CatalogKeys("another").audit)


def test_a_call_without_a_good_key_is_told_in_the_log_of_all_namespaces(service: Service) -> None:
    answer = service.http.get(
        "/v0/namespace/never-seen/graphs/", headers={api.API_KEY_HEADER: "wrong", api.REQUEST_ID_HEADER: "stranger"}
    )
    assert answer.status_code == 401
    newest = service.call(api.LIST_GLOBAL_AUDIT).json()["entries"][0]
    assert (newest["key_id"], newest["call"], newest["status"], newest["request_id"]) == ("", "", 401, "stranger")
    with Redis.from_url(service.redis_url) as redis:
        assert not redis.exists(CatalogKeys("never-seen").audit)


def test_keys_of_all_namespaces_are_told_in_the_log_of_all(service: Service) -> None:
    made = service.new_key("admin")
    service.call(api.REVOKE_GLOBAL_KEY, key_id=made["id"])
    told = service.call(api.LIST_GLOBAL_AUDIT).json()
    assert told["namespace"] == "*"
    assert [(entry["call"], entry["things"]["key_id"]) for entry in told["entries"][:2]] == [
        ("revoke_global_key", made["id"]),
        ("create_global_key", made["id"]),
    ]


def test_the_log_is_read_page_by_page_without_gap_or_repeat(space: Space) -> None:
    for number in range(7):
        space.register(node_class("A"), runtime_name=f"rt{number}")
    read: list[str] = []
    before: dict[str, str] = {}
    while page := entries(space, limit=3, **before):
        read += [entry["things"]["runtime_name"] for entry in page]
        before = {"before": page[-1]["id"]}
    assert read == [f"rt{number}" for number in reversed(range(7))]


@pytest.mark.parametrize("before", ["x", "1-", "-1", "+", "(1-1", "1-1-1"])
def test_a_place_that_is_none_is_refused_by_name(space: Space, before: str) -> None:
    assert space.refused(400, api.LIST_AUDIT, query={"before": before}).startswith("before: ")


def test_of_a_flood_of_refused_calls_only_so_many_are_told_and_the_next_says_how_many_not() -> None:
    now = 0.0
    budget = RefusalBudget(lambda: now)
    admitted = [budget.admit() for _ in range(1000)]
    assert [told for told in admitted if told is not None] == [0] * 100
    now = 60.0
    assert budget.admit() == 900
    assert budget.admit() is None
    now = 1_000_000.0
    assert budget.admit() == 1
    assert [told for told in (budget.admit() for _ in range(1000)) if told is not None] == [0] * 99


def test_a_flood_without_a_key_stays_small_in_redis_and_hides_no_refusal_of_those_who_have_one(redis_url: str) -> None:
    with Service(redis_url) as service, Redis.from_url(redis_url) as redis:
        before = redis.xlen(GLOBAL_AUDIT)
        for _ in range(150):
            assert service.http.get("/v0/namespaces", headers={api.API_KEY_HEADER: "wrong"}).status_code == 401
        service.call(api.LIST_GLOBAL_AUDIT)
        assert 100 <= redis.xlen(GLOBAL_AUDIT) - before < 150
        headers = {api.API_KEY_HEADER: service.new_key("viewer")["key"]}
        assert service.call(api.LIST_GLOBAL_KEYS, headers=headers).status_code == 403
        assert service.call(api.LIST_GLOBAL_AUDIT).json()["entries"][0]["call"] == "list_global_keys"


def test_a_log_holds_no_more_than_asked_for_but_for_the_last_node_of_its_stream(space: Space) -> None:
    told = [
        audit.Happened(space.name, "root", "trigger", space.name, {"run_id": str(number)}, "", 200, "")
        for number in range(350)
    ]
    assert space.service.with_redis(lambda redis: audit.append(redis, told, 100)) == []
    with Redis.from_url(space.service.redis_url) as redis:
        assert 100 <= redis.xlen(CatalogKeys(space.name).audit) < 250
    assert entries(space)[0]["things"] == {"run_id": "349"}


def test_entries_older_than_the_retention_time_are_removed_and_younger_ones_stay(space: Space) -> None:
    space.register(node_class("A"))
    assert len(entries(space)) == 1, "the log is written after the call is answered; whoever reads it waits for that"
    key = CatalogKeys(space.name).audit
    with Redis.from_url(space.service.redis_url) as redis:
        ((_, young),) = redis.xrange(key)
        redis.delete(key)
        for number in range(250):
            redis.xadd(key, young, id=f"{number + 1}-0")
        redis.xadd(key, young)

    async def sweep(redis: Any) -> int:
        return await trim_audit(Jobs(space.service.settings, redis, space.service.app.state.services.runs))

    assert space.service.with_redis(sweep) == 250
    assert [entry["call"] for entry in entries(space)] == ["register_nodes"]


def test_what_was_noted_while_redis_refused_it_is_written_later(space: Space) -> None:
    made = space.ok(api.CREATE_KEY, {"role": "viewer"})
    with space.full_memory():
        space.ok(api.REVOKE_KEY, key_id=made["id"])
    told = []
    while not told:
        told = [entry for entry in entries(space) if entry["call"] == "revoke_key"]
    assert told[0]["things"] == {"key_id": made["id"]}


def test_what_was_noted_before_a_stop_is_written(redis_url: str) -> None:
    with Service(redis_url) as service:
        space = Space(service, "stopped")
        for number in range(20):
            space.register(node_class("A"), runtime_name=f"rt{number}")

    async def read() -> list[audit.Recorded]:
        redis = connect(redis_url)
        try:
            return await audit.read(redis, "stopped", None, 100)
        finally:
            await redis.aclose()

    assert [each.happened.things["runtime_name"] for each in asyncio.run(read())] == [
        f"rt{number}" for number in reversed(range(20))
    ]
