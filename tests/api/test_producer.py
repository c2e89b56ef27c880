"""Triggering straight in Redis: as over HTTP, in what it makes and in what it refuses."""

import asyncio
import gc
import json
import subprocess
import sys
from contextlib import nullcontext
from typing import Any

import pytest
from redis import Redis

from api.conftest import Both
from api.service import Service, Space, node_class, one
from exosphere_core import api, traces
from exosphere_core.keys import ShardKeys
from exosphere_core.records import decode_task
from exospherehost import Producer, blocking
from exospherehost.errors import ExosphereError

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def total(space: Space) -> int:
    count: int = space.ok(api.LIST_RUNS, page=1, size=1)["total"]
    return count


def records(space: Space, run: str) -> list[Any]:
    """All that a trigger writes, but for ids and times."""
    keys = ShardKeys(space.name)
    with Redis.from_url(space.service.redis_url, decode_responses=True) as redis:
        (root,) = redis.lrange(keys.states(run), 0, -1)
        state = redis.hgetall(keys.state(root))
        task = json.loads(state.pop("task"))
        assert task.pop("run") == run
        ran = redis.hgetall(keys.run(run))
        assert ran.pop("root") == root
        found = [task, {name: state[name] for name in ("status", "attempt", "inputs")}, redis.hgetall(keys.store(run))]
        assert redis.zscore(keys.runs, run) == float(ran.pop("created_at"))
        assert redis.sismember(keys.active("g"), run)
        return [*found, sorted(state), {**ran, "request": bool(ran["request"])}]


def test_a_run_that_was_triggered_in_redis_ends_like_one_that_was_triggered_over_http(space: Space, both: Both) -> None:
    space.chain()
    runs = []
    for way in both:
        answer = way.trigger("g", {"x": "mine", "z": "1", "a": "2"}, {"k": "v"})
        assert answer == {"status": "CREATED", "run_id": answer["run_id"], "ignored_inputs": ["a", "z"]}
        held = space.do("First", one(v="1"))
        assert (held.task.run, json.loads(held.inputs)) == (answer["run_id"], {"x": "mine"})
        space.do("Second", one(v="2"))
        runs.append(space.wait(answer["run_id"]))
    assert [run["status"] for run in runs] == ["SUCCESS", "SUCCESS"]
    same = ("graph_name", "version", "store", "nodes", "success_count", "total_count", "rerun_of")
    assert [runs[0][name] for name in same] == [runs[1][name] for name in same]


def test_both_ways_write_the_same_records(space: Space, both: Both) -> None:
    space.chain()
    ways = [records(space, way.trigger("g", {"x": "mine"}, {"k": "v"})["run_id"]) for way in both]
    assert ways[0] == ways[1]


@pytest.mark.parametrize(
    "given",
    [{"inputs": {1: "a"}}, {"store": {" k ": "v"}}, {"start_delay": 0.0}, {"inputs": None, "store": None}, {}],
    ids=str,
)
def test_what_is_taken_over_http_is_taken_in_redis(space: Space, both: Both, given: dict[str, Any]) -> None:
    space.chain()
    answers = [way.trigger("g", **given) for way in both]
    assert answers[0]["ignored_inputs"] == answers[1]["ignored_inputs"]
    assert records(space, answers[0]["run_id"]) == records(space, answers[1]["run_id"])


def test_one_idempotency_key_gives_one_run_whichever_way_it_comes(space: Space, both: Both) -> None:
    space.chain()
    for first, second, key in ((*both, "a"), (*reversed(both), "b")):
        answer = first.trigger("g", {"x": "1", "u": "2"}, idempotency_key=key)
        assert second.trigger("g", {"x": "1", "u": "2"}, idempotency_key=key) == answer
        with pytest.raises(ExosphereError, match=f"idempotency key '{key}' was used for another trigger"):
            second.trigger("g", {"x": "2"}, idempotency_key=key)
    assert total(space) == 2


def test_many_runs_are_started_in_redis_as_over_http_and_once(space: Space, both: Both) -> None:
    space.chain()
    runs = [{"inputs": {"x": str(number)}} for number in range(1100)]
    ids = both[0].trigger_many("g", iter(runs), idempotency_key="all")
    assert len(set(ids)) == total(space) == 1100
    assert both[1].trigger_many("g", iter(runs), idempotency_key="all") == ids
    assert total(space) == 1100
    assert records(space, ids[7])[1]["inputs"] == '{"x":"7"}'


def test_a_start_that_is_put_off_is_found_by_the_state_managers(space: Space, producer: blocking.Producer) -> None:
    space.chain()
    run = producer.trigger("g", start_delay=40)["run_id"]
    held = space.take("First")
    assert held.task.run == run
    with Redis.from_url(space.service.redis_url) as redis:
        created = int(redis.hget(ShardKeys(space.name).run(run), "created_at"))
    assert int(held.entry.partition("-")[0]) >= created + 40


def test_a_new_version_of_a_graph_counts_from_the_next_trigger_on(space: Space, producer: blocking.Producer) -> None:
    space.chain()
    producer.trigger("g")
    space.graph(space.node("first", inputs={"x": "newer"}))
    run = producer.trigger("g")["run_id"]
    assert space.ok(api.GET_RUN, run_id=run)["version"] == 2
    assert [json.loads(space.take("First").inputs)["x"] for _ in range(2)] == ["default", "newer"]


def test_one_producer_serves_one_loop_after_another_and_leaves_no_connection(space: Space) -> None:
    space.chain()
    producer = Producer(space.name, space.service.redis_url)

    async def twice() -> None:
        await asyncio.gather(producer.trigger("g"), producer.trigger("g"))

    for _ in range(3):
        asyncio.run(twice())
    gc.collect()  # a connection left behind would warn here, and a warning fails the test
    assert total(space) == 6


def test_a_producer_that_was_closed_opens_again(space: Space) -> None:
    space.chain()

    async def play() -> None:
        async with Producer(space.name, space.service.redis_url) as producer:
            await producer.trigger("g")
        await producer.trigger("g")
        await producer.aclose()

    asyncio.run(play())
    assert total(space) == 2


def test_a_blocking_one_that_went_through_a_fork_says_so_instead_of_waiting(space: Space) -> None:
    code = (
        "import os, sys\n"
        "from exospherehost import blocking\n"
        f"producer = blocking.Producer('ns', {space.service.redis_url!r}, 5)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    try:\n"
        "        producer.trigger('g')\n"
        "    except RuntimeError as why:\n"
        "        print(why, flush=True)\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "producer.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "it was made before this process forked; make another"


class _Spans:
    """Whoever draws spans: the current one is given."""

    def current(self) -> str:
        return GIVEN

    def run(self, namespace: str, graph: str, run: str, given: str) -> Any:
        return nullcontext(given)

    def attempt(self, *task: Any) -> Any:
        raise AssertionError("nothing is executed here")


def test_a_span_of_the_caller_is_gone_on_with_as_over_http(space: Space, both: Both) -> None:
    space.chain()
    traces.install(_Spans())
    try:
        runs = [way.trigger("g")["run_id"] for way in both]
    finally:
        traces.install(None)
    runs.append(both[0].trigger("g")["run_id"])
    keys = ShardKeys(space.name)
    with Redis.from_url(space.service.redis_url) as redis:
        roots = [redis.lindex(keys.states(run), 0).decode() for run in runs]
        found = [decode_task(redis.hget(keys.state(root), "task")).trace for root in roots]
    assert found == [GIVEN, GIVEN, ""]


def test_a_root_of_another_namespace_is_handed_over(
    service: Service, space: Space, producer: blocking.Producer
) -> None:
    other = Space(service, f"{space.name}-other")
    other.register(node_class("Away"))
    space.graph({**space.node("away"), "namespace": other.name})
    run = producer.trigger("g")["run_id"]
    assert other.take("Away").task.run == run
