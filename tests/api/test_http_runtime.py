"""Runtimes over plain HTTP: what each call does and answers."""

import time
from typing import Any

import pytest
from redis.asyncio import Redis

from api.polled import details, enqueue, enqueue_one, executed
from api.service import Service, Space, eventually, node_class, one
from api.steered import statuses
from exosphere_core import api
from exosphere_core.keys import ShardKeys


def now_ms(space: Space) -> int:
    async def read(redis: "Redis") -> int:
        seconds, micros = await redis.time()
        return int(seconds) * 1000 + int(micros) // 1000

    return space.service.with_redis(read)


def test_a_run_is_executed_with_nothing_but_these_calls(space: Space) -> None:
    space.chain()
    run = space.trigger(inputs={"x": "7"})
    (first,) = enqueue(space, "First", "Second")
    assert {name: first[name] for name in ("node_name", "identifier", "inputs", "run_id", "graph_name")} == {
        "node_name": "First", "identifier": "first", "inputs": {"x": "7"}, "run_id": run, "graph_name": "g",
    }  # fmt: skip
    state = details(space, first)
    assert (state["status"], state["created_at"]) == ("QUEUED", first["created_at"])
    assert enqueue(space, "First", "Second") == []
    executed(space, first, {"v": "seven"})
    # The answer came when the success was applied: its child is there.
    (second,) = enqueue(space, "First", "Second")
    assert second["inputs"] == {"y": "got seven"}
    executed(space, second, {"v": ""})
    assert space.wait(run)["status"] == "SUCCESS"
    done = details(space, first)
    assert done["outputs"] == {"v": "seven"}
    # How long the client executed it is not known: it may have kept it for a while.
    assert done["worker"].startswith("http:")
    assert done["ran_ms"] is None


def test_only_the_nodes_that_are_asked_for_are_given_and_unknown_ones_are_empty(space: Space) -> None:
    space.chain()
    space.trigger()
    assert enqueue(space, "Second", "Unknown") == []
    assert enqueue(space) == []
    assert [state["node_name"] for state in enqueue(space, "Unknown", " First ", "First")] == ["First"]


def test_no_more_are_given_than_asked_for_and_every_node_gets_its_part(space: Space) -> None:
    space.register(node_class("A"), node_class("B"))
    space.graph(space.node("a"), name="a")
    space.graph(space.node("b"), name="b")
    for _ in range(40):
        space.trigger("a")
    for _ in range(4):
        space.trigger("b")
    taken = [state["node_name"] for state in enqueue(space, "A", "B", batch_size=12)]
    assert (taken.count("A"), taken.count("B")) == (8, 4)
    rest = enqueue(space, "A", "B", batch_size=5000)
    assert len(rest) == 32
    assert len({state["state_id"] for state in rest}) == 32


def test_several_outputs_fan_out_in_their_order_and_none_is_one_empty_output(space: Space) -> None:
    space.register(node_class("Spread"), node_class("Work", ("y",)), node_class("All", ("ys",)))
    space.graph(
        space.node("spread", "work"),
        space.node("work", "all", inputs={"y": "${{ spread.outputs.v }}"}),
        space.node("all", inputs={"ys": "${{ work.outputs.v }}"}, unites={"identifier": "spread"}),
    )
    run = space.trigger()
    executed(space, enqueue_one(space, "Spread"), {"v": "a"}, {"v": "b"}, {"v": "c"})
    work = enqueue(space, "Work")
    assert sorted(state["inputs"]["y"] for state in work) == ["a", "b", "c"]
    for state in work:
        executed(space, state, {"v": state["inputs"]["y"].upper()})
    united = enqueue_one(space, "All")
    assert united["inputs"] == {"ys": '["A","B","C"]'}
    executed(space, united)
    assert space.wait(run)["status"] == "SUCCESS"
    assert details(space, united)["outputs"] == {}


def test_one_output_is_no_fan_out(space: Space) -> None:
    space.register(node_class("Spread"), node_class("All", ("v",)))
    space.graph(
        space.node("spread", "all"),
        space.node("all", inputs={"v": "${{ spread.outputs.v }}"}, unites={"identifier": "spread"}),
    )
    space.trigger()
    executed(space, enqueue_one(space, "Spread"), {"v": "a"})
    assert enqueue_one(space, "All")["inputs"] == {"v": "a"}


def test_an_error_makes_the_attempts_that_the_policy_allows_and_says_so(space: Space) -> None:
    space.register(node_class("A"))
    space.graph(space.node("a"), retry_policy={"max_retries": 1, "strategy": "FIXED", "backoff_factor": 1})
    run = space.trigger()
    first = enqueue_one(space, "A")
    answer = space.ok(api.STATE_ERRORED, {"error": "no luck"}, state_id=first["state_id"])
    assert answer == {"status": "ERRORED", "retry_created": True}
    second = enqueue_one(space, "A")
    assert (second["retry_count"], second["idempotency_key"]) == (1, first["idempotency_key"])
    answer = space.ok(api.STATE_ERRORED, {"error": "none again"}, state_id=second["state_id"])
    assert answer == {"status": "ERRORED", "retry_created": False}
    assert space.wait(run)["status"] == "FAILED"
    assert statuses(space, run) == {"a": ["ERRORED", "RETRY_CREATED"]}
    assert details(space, second)["error"] == "none again"


def test_a_pruned_branch_keeps_its_data_and_ends(space: Space) -> None:
    space.chain()
    before = now_ms(space)
    run = space.trigger()
    after = now_ms(space)
    first = enqueue_one(space, "First")
    data = {"why": ["enough", 1, None], "big": 10**30, "text": "ä\u0000"}
    answer = space.ok(api.PRUNE_STATE, {"data": data}, state_id=first["state_id"])
    assert answer["status"] == "PRUNED"
    assert before <= answer["enqueue_after"] <= after
    assert space.wait(run)["status"] == "SUCCESS"
    assert details(space, first)["data"] == data
    assert enqueue(space, "Second") == []


def test_a_state_comes_again_after_the_time_that_it_asked_for(space: Space) -> None:
    space.chain()
    run = space.trigger()
    first = enqueue_one(space, "First")
    before = now_ms(space)
    answer = space.ok(api.RE_ENQUEUE_STATE, {"enqueue_after": 150}, state_id=first["state_id"])
    assert answer["status"] == "CREATED"
    assert before + 150 <= answer["enqueue_after"] <= now_ms(space) + 150
    again = enqueue_one(space, "First")
    assert now_ms(space) >= answer["enqueue_after"]
    assert (again["state_id"], again["attempt"], again["retry_count"]) == (first["state_id"], 2, 0)
    executed(space, again, {"v": "1"})
    executed(space, enqueue_one(space, "Second"))
    assert space.wait(run)["status"] == "SUCCESS"


def test_a_time_that_has_passed_when_it_is_answered_is_told_all_the_same(space: Space) -> None:
    space.chain()
    space.trigger()
    before = now_ms(space)
    answer = space.ok(
        api.RE_ENQUEUE_STATE, {"enqueue_after": 1}, state_id=enqueue_one(space, "First")["state_id"]
    )  # fmt: skip
    assert before < answer["enqueue_after"] <= now_ms(space) + 1


def test_an_entry_that_is_no_delivery_is_put_aside_and_the_next_one_is_given(space: Space) -> None:
    space.chain()
    ready = ShardKeys(space.name).ready("First")

    async def spoil(redis: "Redis") -> None:
        await redis.xadd(ready, {"state": "x"})

    space.service.with_redis(spoil)
    space.trigger()
    assert [state["identifier"] for state in enqueue(space, "First")] == ["first"]
    (rejected,) = space.ok(api.LIST_REJECTED)["rejected"]
    assert "is no delivery of a state: field attempt is missing" in rejected["reason"]


def test_states_of_another_namespaces_run_are_executed_where_their_node_is(service: Service, space: Space) -> None:
    other = Space(service, f"{space.name}-nodes")
    other.register(node_class("Far", ("y",)))
    space.register(node_class("Near"), node_class("Last", ("y",)))
    space.graph(
        space.node("near", "far"),
        space.node("far", "last", namespace=other.name, inputs={"y": "${{ near.outputs.v }}"}),
        space.node("last", inputs={"y": "${{ far.outputs.v }}"}),
    )
    run = space.trigger()
    executed(space, enqueue_one(space, "Near"), {"v": "here"})
    far = enqueue_one(other, "Far")
    assert far["inputs"] == {"y": "here"}
    detail = space.refused(404, api.STATE_EXECUTED, {"outputs": []}, state_id=far["state_id"])
    assert detail == f"namespace {space.name!r} has no state {far['state_id']!r}"
    executed(other, far, {"v": "there"})
    last = enqueue_one(space, "Last")
    assert last["inputs"] == {"y": "there"}
    executed(space, last)
    assert space.wait(run)["status"] == "SUCCESS"


def test_both_kinds_of_runtimes_take_states_of_one_run_and_each_state_is_given_once(space: Space) -> None:
    space.register(node_class("Spread"), node_class("Work", ("y",)))
    space.graph(space.node("spread", "work"), space.node("work", inputs={"y": "${{ spread.outputs.v }}"}))
    run = space.trigger()
    executed(space, enqueue_one(space, "Spread"), *({"v": str(number)} for number in range(6)))
    given = []
    for _ in range(3):
        given.append(space.do("Work", one(v="by stream")).state)
        polled = enqueue_one(space, "Work")
        executed(space, polled, {"v": "by http"})
        given.append(polled["state_id"])
    assert len(set(given)) == 6
    assert space.wait(run)["status"] == "SUCCESS"
    assert space.ok(api.GET_STRUCTURE, run_id=run)["execution_summary"] == {"SUCCESS": 12}


def test_secrets_are_given_while_such_a_client_has_the_state(space: Space) -> None:
    space.register(node_class("A", secrets=("token",)))
    space.graph(space.node("a"), secrets={"token": "swordfish"})
    space.trigger()
    state = enqueue_one(space, "A")
    assert space.ok(api.GET_SECRETS, state_id=state["state_id"]) == {"secrets": {"token": "swordfish"}}
    executed(space, state)
    space.refused(400, api.GET_SECRETS, state_id=state["state_id"])


def test_it_works_while_redis_has_no_memory_left(space: Space) -> None:
    space.chain()
    run = space.trigger()

    async def limit(redis: "Redis", memory: int) -> None:
        await redis.config_set("maxmemory", memory)

    space.service.with_redis(lambda redis: limit(redis, 1))
    try:
        executed(space, enqueue_one(space, "First"), {"v": "1"})
        executed(space, enqueue_one(space, "Second"), {"v": "2"})
        assert space.wait(run)["status"] == "SUCCESS"
    finally:
        space.service.with_redis(lambda redis: limit(redis, 0))


@pytest.mark.parametrize("server", ["redis_url", "cluster_url"])
def test_states_of_all_shards_are_given(request: pytest.FixtureRequest, server: str) -> None:
    with Service(request.getfixturevalue(server), shards=4) as service:
        space = Space(service, f"shards-{time.monotonic_ns()}")
        space.chain()
        runs = {space.trigger() for _ in range(12)}
        assert len({run[-4:] for run in runs}) > 1
        states: list[dict[str, Any]] = []
        eventually("all are given", lambda: states.extend(enqueue(space, "First", batch_size=5)) or len(states) == 12)
        assert {state["run_id"] for state in states} == runs
        for state in states:
            executed(space, state, {"v": "1"})
        assert len(enqueue(space, "Second", batch_size=12)) == 12
