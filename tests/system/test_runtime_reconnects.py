"""A runtime whose connections, streams, groups or memory go away works on by itself, and executes nothing twice.

All tests of this file share a state manager and a runtime, which reaches Redis through a proxy.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from redis import Redis

from exosphere_core.keys import RUNTIMES_GROUP, ShardKeys
from system.own_redis import OwnRedis
from system.proxy import Proxy, proxy_to
from system.stack import NAMESPACE, Stack, spread_work_gather, wait_for

HOME = ShardKeys(NAMESPACE)
WORK = HOME.ready("Work")


@dataclass
class Living:
    stack: Stack
    proxy: Proxy
    redis: "Redis"

    def executed_by(self, run: str) -> Counter[int]:
        """How often each branch of a run of `g` was executed → how many branches."""
        lines = Counter(line.split()[0] for line in self.stack.ledger_lines())
        return Counter(lines[state["id"]] for state in self.stack.states(run, "work"))

    def one_more_ends(self) -> None:
        """Work that is triggered now is consumed, and nothing stays pending."""
        assert self.stack.wait_run(self.stack.trigger("one"))["status"] == "SUCCESS"
        wait_for("nothing is pending", lambda: self.redis.xpending(WORK, RUNTIMES_GROUP)["pending"] == 0)

    def has_group(self) -> bool:
        """Whether the runtimes' group is on the queue of `Work`."""
        return bool(self.redis.exists(WORK)) and bool(self.redis.xinfo_groups(WORK))

    def kill_connections(self) -> None:
        for client in self.redis.client_list():
            if client["user"].startswith("exo-runtime-"):
                self.redis.client_kill_filter(_id=client["id"])


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    folder = tmp_path_factory.mktemp("own")
    stack = Stack(f"unix://{folder / 'redis.sock'}", folder, lease_ms=3000)
    server = OwnRedis(stack, folder)
    try:
        server.start()
        with proxy_to(server.port) as proxy, server.client() as redis:
            stack.state_manager(EXOSPHERE_WORKER_REDIS_URL=f"redis://127.0.0.1:{proxy.port}/0")
            stack.runtime("rt")
            stack.graph("g", *spread_work_gather(60, ms=30))
            stack.graph("one", {"node_name": "Work", "identifier": "w", "inputs": {"value": "v"}})
            yield Living(stack, proxy, redis)
    finally:
        stack.close()


def test_connections_that_are_killed_again_and_again_cost_no_second_execution(living: Living) -> None:
    run = living.stack.trigger("g")
    for done in (5, 20, 40):
        begun = len(living.stack.ledger_lines())
        wait_for("some work is done", lambda n=begun + done // 4: len(living.stack.ledger_lines()) >= n)
        living.kill_connections()
    assert living.stack.wait_run(run)["status"] == "SUCCESS"
    assert living.executed_by(run) == {1: 60}
    assert "ready states can't be read, tries again" in living.stack.log("rt")
    assert "the connection to Redis is back" in living.stack.log("rt")
    living.one_more_ends()


def test_connections_that_fall_silent_are_given_up_and_replaced(living: Living) -> None:
    living.one_more_ends()
    assert living.proxy.swallow() >= 1
    living.one_more_ends()


@pytest.mark.parametrize("what", ["group", "stream"])
def test_a_queue_that_vanished_is_made_again_and_consumed(living: Living, what: str) -> None:
    if what == "group":
        living.redis.xgroup_destroy(WORK, RUNTIMES_GROUP)
    else:
        living.redis.delete(WORK)
    run = living.stack.trigger("one")
    wait_for("the group is there", living.has_group)
    # What was pushed before the group was there may be in the hands of a runtime, so it is not handed out again as it is.
    living.stack.reconcile()
    assert living.stack.wait_run(run)["status"] == "SUCCESS"
    living.one_more_ends()


def test_an_entry_that_is_no_delivery_is_put_aside_and_stops_nothing_else(living: Living) -> None:
    before = living.redis.xlen(HOME.rejected)
    strays: list[dict[Any, Any]] = [{"hello": "world"}, {"state": "s", "attempt": "1", "task": "{", "inputs": "{}"}]
    ids = [living.redis.xadd(WORK, stray).decode() for stray in strays]
    living.one_more_ends()
    wait_for("both are put aside", lambda: living.redis.xlen(HOME.rejected) == before + 2)
    kept = living.redis.xrevrange(HOME.rejected, count=2)[::-1]
    reasons = [fields[b"reason"].decode() for _, fields in kept]
    assert reasons[0] == (
        f"entry {ids[0]} of {WORK} is no delivery for the runtime that took it: field state is missing"
    )
    assert "Input data was truncated" in reasons[1]
    assert json.loads(kept[0][1][b"body"])["fields"] == {"hello": "world"}
    assert living.redis.xlen(WORK) == 0


def test_running_states_are_reported_although_redis_has_no_memory_left_and_later_the_direct_way(
    living: Living,
) -> None:
    stack, redis = living.stack, living.redis
    until = stack.folder / "until"
    stack.graph("long", {"node_name": "Long", "identifier": "long", "inputs": {"until": str(until)}})
    run = stack.trigger("long")
    wait_for("the node began", lambda: any(line.startswith("began") for line in stack.ledger_lines()))
    reported = redis.xinfo_stream(HOME.reports)["last-generated-id"]
    redis.config_set("maxmemory", 1)
    try:
        until.touch()
        wait_for("it is reported", lambda: redis.xpending(HOME.ready("Long"), RUNTIMES_GROUP)["pending"] == 0)
        assert redis.xinfo_stream(HOME.reports)["last-generated-id"] > reported
    finally:
        redis.config_set("maxmemory", 0)
    assert stack.wait_run(run)["status"] == "SUCCESS"
    (state,) = stack.states(run)
    assert state["attempt"] == 1
    taken_over = stack.log("rt").count("the state manager took")
    assert taken_over
    living.one_more_ends()
    assert stack.log("rt").count("the state manager took") == taken_over
