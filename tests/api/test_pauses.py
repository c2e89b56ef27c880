"""Pausing and resuming graphs and queues over HTTP."""

from typing import Any

from api.polled import enqueue_one
from api.service import Service, Space, node_class, one
from api.test_schedules import PASSED_MS, cron, schedule, sweep_after
from exosphere_core import api
from exosphere_worker.outcome import Failed

ONE_MORE = {api.IDEMPOTENCY_KEY_HEADER: "k"}


def with_graph(space: Space, **more: Any) -> None:
    space.register(node_class("A"))
    space.graph(space.node("a"), **more)


def paused(space: Space) -> bool:
    """What all reads say about the graph."""
    (listed,) = space.ok(api.LIST_GRAPHS)["templates"]
    shown = space.ok(api.GET_GRAPH)
    assert listed == shown
    assert (shown["paused_at"] is not None) == shown["paused"]
    return bool(shown["paused"])


def test_a_paused_graph_refuses_triggers_until_it_is_resumed(space: Space) -> None:
    with_graph(space)
    assert not paused(space)
    answer = space.ok(api.PAUSE_GRAPH)
    assert answer["paused"]
    assert paused(space)
    detail = space.refused(409, api.TRIGGER, {})
    assert detail == (
        "graph 'g' is paused and takes no new runs; "
        f"resume it with POST /v0/namespace/{space.name}/graph/g/resume"
    )  # fmt: skip
    assert space.ok(api.LIST_RUNS, page=1, size=10)["total"] == 0
    assert space.ok(api.PAUSE_GRAPH) == answer, "pausing twice keeps the first time"
    resumed = space.ok(api.RESUME_GRAPH)
    assert (resumed["paused"], resumed["paused_at"]) == (False, None)
    assert space.ok(api.RESUME_GRAPH) == resumed
    space.trigger()


def test_a_run_of_a_paused_graph_goes_on_and_its_states_are_retried(space: Space) -> None:
    space.chain()
    run = space.trigger()
    space.ok(api.PAUSE_GRAPH)
    space.do("First", one(v="1"))
    failed = space.do("Second", Failed("boom", retryable=False)).state
    assert space.wait(run)["status"] == "FAILED"
    space.ok(api.MANUAL_RETRY, {"fanout_id": "x"}, state_id=failed)
    space.do("Second", one(v="2"))
    assert space.wait(run)["status"] == "SUCCESS"


def test_a_run_of_a_paused_graph_is_not_run_again_as_a_new_one(space: Space) -> None:
    space.chain()
    run = space.run_chain()
    space.ok(api.PAUSE_GRAPH)
    assert "graph 'g' is paused" in space.refused(409, api.RERUN, {}, run_id=run)
    assert space.ok(api.GET_RUN, run_id=run)["reruns"] == []


def test_a_repeated_idempotency_key_is_given_its_run_while_the_graph_is_paused(space: Space) -> None:
    with_graph(space)
    first = space.ok(api.TRIGGER, {}, headers=ONE_MORE)
    space.ok(api.PAUSE_GRAPH)
    assert space.ok(api.TRIGGER, {}, headers=ONE_MORE) == first
    assert "used for another trigger" in space.refused(409, api.TRIGGER, {"store": {"k": "v"}}, headers=ONE_MORE)
    other = {api.IDEMPOTENCY_KEY_HEADER: "another"}
    assert "is paused" in space.refused(409, api.TRIGGER, {}, headers=other)


def test_a_pause_outlasts_new_versions_and_ends_with_the_graph(space: Space) -> None:
    with_graph(space)
    space.ok(api.PAUSE_GRAPH)
    space.graph(space.node("a"), retry_policy={"max_retries": 7})
    assert paused(space)
    assert space.ok(api.GET_VERSION, version=1)["paused"]
    space.ok(api.DELETE_GRAPH)
    with_graph(space)
    assert not paused(space)
    space.trigger()


def test_a_pause_is_known_to_a_state_manager_that_starts_later(service: Service, space: Space) -> None:
    with_graph(space)
    space.ok(api.PAUSE_GRAPH)
    with Service(service.redis_url) as another:
        assert another.call(api.TRIGGER, {}, namespace=space.name, graph_name="g").status_code == 409


def test_what_the_schedules_of_a_paused_graph_are_due_for_never_fires(space: Space) -> None:
    with_graph(space, triggers=[cron(catchup="all"), cron()])
    space.ok(api.PAUSE_SCHEDULE, index=1)
    space.ok(api.PAUSE_GRAPH)
    sweep_after(space, "g/0")
    sweep_after(space, "g/0")  # it is overdue again when the pause ends
    space.ok(api.RESUME_GRAPH)
    sweep_after(space)
    assert space.ok(api.LIST_FIRINGS)["count"] == 0
    assert space.ok(api.LIST_RUNS, page=1, size=10)["total"] == 0
    first, second = space.ok(api.LIST_SCHEDULES)["schedules"]
    assert first["next_due"].endswith("-01-01T00:00:00.000Z")
    assert (second["paused"], second["next_due"]) == (True, None), "its own pause is another matter"


def test_what_was_due_during_a_pause_does_not_fire_where_nobody_looked_meanwhile(space: Space) -> None:
    with_graph(space, triggers=[cron(catchup="all")])
    space.ok(api.PAUSE_GRAPH)

    async def overdue(redis: Any) -> None:
        await redis.zadd(f"exo:{{{space.name}}}:schedules", {"g/0": PASSED_MS}, xx=True)

    space.service.with_redis(overdue)
    space.ok(api.RESUME_GRAPH)
    sweep_after(space)
    assert space.ok(api.LIST_FIRINGS)["count"] == 0
    assert schedule(space)["next_due"] is not None


def test_a_schedule_of_a_paused_graph_can_not_be_run_by_hand_either(space: Space) -> None:
    with_graph(space, triggers=[cron()])
    space.ok(api.PAUSE_GRAPH)
    assert "is paused" in space.refused(409, api.RUN_SCHEDULE, index=0)
    (firing,) = space.ok(api.LIST_FIRINGS)["firings"]
    assert "is paused" in firing["error"]


def test_a_paused_queue_gives_nothing_to_runtimes_and_clients_and_all_of_it_when_it_is_resumed(space: Space) -> None:
    space.register(node_class("A"))
    space.graph(space.node("a"))
    answer = space.ok(api.PAUSE_QUEUE, node_name="A")
    assert {key: answer[key] for key in ("namespace", "node_name", "paused")} == {
        "namespace": space.name, "node_name": "A", "paused": True,
    }  # fmt: skip
    assert space.ok(api.PAUSE_QUEUE, node_name="A") == answer
    run = space.trigger()
    taken = space.ok(api.ENQUEUE_STATES, {"nodes": ["A"], "batch_size": 5})
    assert taken["count"] == 0
    space.register(node_class("A"))  # a runtime that starts does not end the pause
    assert space.ok(api.ENQUEUE_STATES, {"nodes": ["A"], "batch_size": 5})["count"] == 0
    resumed = space.ok(api.RESUME_QUEUE, node_name="A")
    assert (resumed["paused"], resumed["paused_at"]) == (False, None)
    state = enqueue_one(space, "A")["state_id"]
    space.ok(api.STATE_EXECUTED, {"outputs": [{"v": "1"}]}, state_id=state)
    assert space.wait(run)["status"] == "SUCCESS"


def test_a_queue_of_no_node_can_not_be_paused(space: Space) -> None:
    for row in (api.PAUSE_QUEUE, api.RESUME_QUEUE):
        assert space.refused(404, row, node_name="Nope") == f"namespace {space.name!r} has no node 'Nope'"


def test_pauses_are_told_by_the_audit_log(space: Space) -> None:
    with_graph(space)
    space.ok(api.PAUSE_GRAPH)
    space.ok(api.RESUME_QUEUE, node_name="A")
    entries = space.ok(api.LIST_AUDIT)["entries"]
    assert [entry["call"] for entry in entries[:2]] == ["resume_queue", "pause_graph"]


def test_the_shards_of_a_namespace_are_paused_together(service: Service) -> None:
    with Service(service.redis_url, shards=3) as sharded:
        space = Space(sharded, "wide")
        space.register(node_class("A"))
        space.graph(space.node("a"))
        for _ in range(12):
            space.trigger()
        space.ok(api.PAUSE_QUEUE, node_name="A")
        enqueue = {"nodes": ["A"], "batch_size": 100}
        assert space.ok(api.ENQUEUE_STATES, enqueue)["count"] == 0
        space.ok(api.RESUME_QUEUE, node_name="A")
        assert space.ok(api.ENQUEUE_STATES, enqueue)["count"] == 12
