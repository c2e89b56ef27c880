"""Deleting graphs over HTTP."""

from typing import Any

from api.service import Space, node_class, one
from exosphere_core import api
from exosphere_core.keys import CatalogKeys
from exosphere_worker.outcome import Failed

CRON = {"type": "CRON", "value": {"expression": "0 0 1 1 *"}}


def delete(space: Space, **query: Any) -> tuple[int, int]:
    """Delete the graph `g`; returns how many runs were cancelled for it, and how many have still to end."""
    answer = space.ok(api.DELETE_GRAPH, query=query)
    assert (answer["namespace"], answer["graph_name"]) == (space.name, "g")
    return answer["cancelled_runs"], answer["pending_runs"]


def keys_of_the_graph(space: Space) -> set[str]:
    found: list[bytes] = space.service.with_redis(lambda redis: redis.keys(f"exo:{{{space.name}}}:*"))
    return {key.decode() for key in found} - {CatalogKeys(space.name).nodes, CatalogKeys(space.name).audit}


def test_a_deleted_graph_is_not_found_by_any_call(space: Space) -> None:
    space.chain()
    space.run_chain()
    assert delete(space) == (0, 0)
    gone = f"namespace '{space.name}' has no graph 'g'"
    assert space.refused(404, api.GET_GRAPH) == gone
    assert space.refused(404, api.TRIGGER, {}) == gone
    assert space.refused(404, api.LIST_VERSIONS) == gone
    assert space.refused(404, api.GET_VERSION, version=1) == gone
    assert space.refused(404, api.LIST_FIRINGS) == gone
    assert space.refused(404, api.DELETE_GRAPH) == gone
    assert space.refused(404, api.DELETE_GRAPH, query={"force": "true"}) == gone
    assert space.ok(api.LIST_GRAPHS)["count"] == 0


def test_a_graph_with_pending_runs_is_refused_with_their_number_and_the_fix(space: Space) -> None:
    space.chain()
    run = space.trigger()
    detail = space.refused(409, api.DELETE_GRAPH)
    assert detail == (
        "graph 'g' has 1 pending run: wait for the end, cancel, or delete it with force=true, which cancels them"
    )
    assert space.ok(api.GET_GRAPH)["version"] == 1
    space.do("First", one(v="1"))
    space.do("Second", one(v="2"))
    assert space.wait(run)["status"] == "SUCCESS"
    assert delete(space) == (0, 0)


def test_force_cancels_the_pending_runs_and_leaves_nothing_of_the_graph(space: Space) -> None:
    space.chain()
    waiting = [space.trigger(), space.trigger(start_delay=3_600_000)]
    held = space.take("First")
    assert delete(space, force="true") == (2, 0)
    for run in waiting:
        ended = space.ok(api.GET_RUN, run_id=run)
        assert (ended["status"], ended["graph_name"], ended["cancelled_count"]) == ("CANCELLED", "g", 1)
    assert keys_of_the_graph(space) == {CatalogKeys(space.name).graph("g")}
    space.report(held, one(v="1"))
    assert space.ok(api.GET_STATE, run_id=held.task.run, state_id=held.state)["status"] == "CANCELLED"


def test_schedules_pauses_and_firings_go_with_their_graph(space: Space) -> None:
    space.register(node_class("A"))
    space.graph(space.node("a"), triggers=[CRON, CRON])
    space.graph(space.node("a"), triggers=[CRON], name="other")
    space.ok(api.PAUSE_SCHEDULE, index=1)
    run = space.ok(api.RUN_SCHEDULE, index=0)["run_id"]
    assert len(space.ok(api.LIST_FIRINGS)["firings"]) == 1
    space.do("A", one(v="1"))
    space.wait(run)
    delete(space)
    assert [item["graph_name"] for item in space.ok(api.LIST_SCHEDULES)["schedules"]] == ["other"]
    space.graph(space.node("a"), triggers=[CRON, CRON])
    assert space.ok(api.LIST_FIRINGS)["firings"] == []
    assert [item["paused_at"] for item in space.ok(api.LIST_SCHEDULES)["schedules"]] == [None] * 3


def test_a_graph_that_is_made_again_goes_on_counting_and_shows_nothing_of_the_old_one(space: Space) -> None:
    space.register(node_class("A"))
    old = space.graph(space.node("a"), secrets={"token": "swordfish"})
    space.graph(space.node("a"), secrets={"token": "shark"})
    delete(space)
    new = space.graph(space.node("a"), secrets={"token": "swordfish"})
    assert new["version"] > 2
    assert new["created_at"] > old["created_at"]
    assert [item["version"] for item in space.ok(api.LIST_VERSIONS)["versions"]] == [new["version"]]
    assert "has no version 2" in space.refused(404, api.GET_VERSION, version=2)
    assert space.ok(api.GET_RUN, run_id=space.trigger())["version"] == new["version"]
    assert space.graph(space.node("a"), secrets={"token": "swordfish"})["version"] == new["version"]


def test_runs_of_a_deleted_graph_are_kept_and_can_not_be_reopened(space: Space) -> None:
    space.chain()
    run = space.trigger()
    failed = space.do("First", Failed("boom", retryable=False))
    space.wait(run)
    delete(space)
    kept = space.ok(api.GET_RUN, run_id=run)
    assert (kept["status"], kept["graph_name"]) == ("FAILED", "g")
    assert space.ok(api.GET_STATE, run_id=run, state_id=failed.state)["error"] == "boom"
    retry = space.refused(409, api.MANUAL_RETRY, {"fanout_id": "again"}, state_id=failed.state)
    assert retry == f"state {failed.state} can't be retried: graph 'g' was deleted"
    assert "graph 'g' was deleted" in space.refused(409, api.RETRY_RUN, run_id=run)
    assert space.refused(409, api.RERUN, {}, run_id=run) == f"run {run} can't run again: graph 'g' was deleted"
    space.chain()
    assert "graph 'g' was deleted" in space.refused(409, api.RETRY_RUN, run_id=run)
    assert space.ok(api.GET_RUN, run_id=run)["status"] == "FAILED"


def test_an_invalid_graph_that_was_deleted_stays_so_when_its_nodes_register(space: Space) -> None:
    assert space.graph(space.node("a"))["validation_status"] == "INVALID"
    delete(space)
    space.register(node_class("A"))
    space.refused(404, api.GET_GRAPH)
    assert keys_of_the_graph(space) == {CatalogKeys(space.name).graph("g")}


def test_a_force_that_is_neither_true_nor_false_is_refused_by_name(space: Space) -> None:
    space.chain()
    assert space.refused(422, api.DELETE_GRAPH, query={"force": "maybe"}).startswith("force: ")
    assert space.ok(api.GET_GRAPH)["version"] == 1
