"""Leases of clients that poll: long, since nothing shows their life, and fenced like any."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from api.polled import details, enqueue, enqueue_one, executed
from api.service import Service, Space, eventually, node_class
from api.steered import statuses
from exosphere_core import api
from exosphere_core.keys import ShardKeys
from exosphere_core.store import polled
from redis_servers import RedisServer

#: Longer than any test takes.
LONG_MS = 600_000
SHORT_MS = 300

#: Two calls fit in, however busy the machine is.
LEASE_MS = 1500


@pytest.fixture
def impatient(redis_url: str) -> Iterator[Space]:
    """A namespace of a state manager that soon gives up runtimes with a heartbeat, and clients never."""
    with Service(redis_url, lease_ms=SHORT_MS, http_lease_ms=LONG_MS) as service:
        yield Space(service, f"impatient-{time.monotonic_ns()}")


def test_a_client_keeps_its_state_while_the_leases_of_runtimes_run_out_around_it(impatient: Space) -> None:
    impatient.chain()
    run = impatient.trigger()
    kept = enqueue_one(impatient, "First")
    impatient.trigger()
    for attempt in ("1", "2"):
        assert impatient.take("First").attempt == attempt
    assert details(impatient, kept)["attempt"] == 1
    executed(impatient, kept, {"v": "1"})
    executed(impatient, enqueue_one(impatient, "Second"))
    assert impatient.wait(run)["status"] == "SUCCESS"


def test_what_a_state_manager_read_and_no_client_was_given_is_ready_again_after_the_lease_of_runtimes(
    impatient: Space,
) -> None:
    impatient.chain()
    impatient.trigger()
    ready = ShardKeys(impatient.name).ready("First")

    async def read(redis: "Redis") -> int:
        return len(await polled.take(redis, [ready], "a-state-manager-that-died", 5))

    assert impatient.service.with_redis(read) == 1
    again = enqueue_one(impatient, "First")
    assert again["attempt"] == 2
    executed(impatient, again)


def test_a_lease_that_ran_out_gives_the_state_to_another_client_and_a_late_report_changes_nothing(
    redis_url: str,
) -> None:
    with Service(redis_url, http_lease_ms=LEASE_MS) as service:
        space = Space(service, f"late-{time.monotonic_ns()}")
        space.chain()
        run = space.trigger()
        first = enqueue_one(space, "First")
        eventually("the lease has run out", lambda: details(space, first)["attempt"] == 2)
        late: dict[str, Any] = {"outputs": [{"v": "late"}]}
        state = {"state_id": first["state_id"]}
        detail = space.refused(400, api.STATE_EXECUTED, late, **state)
        assert detail == f"state {first['state_id']} is not QUEUED: it is CREATED"
        second = enqueue_one(space, "First")
        assert (second["state_id"], second["attempt"]) == (first["state_id"], 2)
        detail = space.refused(400, api.STATE_EXECUTED, {**late, "attempt": first["attempt"]}, **state)
        assert "is not QUEUED under attempt 1" in detail
        space.ok(api.STATE_EXECUTED, {"outputs": [{"v": "right"}], "attempt": 2}, **state)
        assert "it is SUCCESS" in space.refused(400, api.STATE_EXECUTED, late, **state)
        assert details(space, first)["outputs"] == {"v": "right"}
        assert statuses(space, run) == {"first": ["SUCCESS"], "second": ["CREATED"]}


def test_a_client_that_never_reports_counts_as_a_runtime_that_was_lost(redis_url: str) -> None:
    with Service(redis_url, http_lease_ms=SHORT_MS, max_lost_leases=1) as service:
        space = Space(service, f"lost-{time.monotonic_ns()}")
        space.register(node_class("A"))
        space.graph(space.node("a"), retry_policy={"max_retries": 0})
        run = space.trigger()
        state = enqueue_one(space, "A")
        assert space.wait(run)["status"] == "FAILED"
        assert f"showed no life for {SHORT_MS} ms" in details(space, state)["error"]


def test_any_replica_takes_the_report_of_what_another_one_gave_and_outlives_it(redis_url: str) -> None:
    with Service(redis_url) as staying:
        space = Space(staying, f"replicas-{time.monotonic_ns()}")
        space.chain()
        run = space.trigger()
        with Service(redis_url) as leaving:
            first = enqueue_one(Space(leaving, space.name), "First")
        assert enqueue(space, "First") == []
        executed(space, first, {"v": "1"})
        executed(space, enqueue_one(space, "Second"))
        assert space.wait(run)["status"] == "SUCCESS"


KEPT = ("--appendonly", "yes", "--appendfsync", "always", "--aof-use-rdb-preamble", "no")


def test_a_report_that_redis_lost_after_it_was_answered_is_made_again_and_nothing_is_taken_again(
    tmp_path: Path,
) -> None:
    with RedisServer(tmp_path / "redis", *KEPT) as redis, Service(redis.url) as service:
        space = Space(service, "ns")
        space.chain()
        runs = [space.trigger() for _ in range(2)]
        first = enqueue_one(space, "First")
        # All of this is in the file; what follows is lost.
        size = redis.file.stat().st_size
        executed(space, first, {"v": "1"})
        other = enqueue_one(space, "First")
        redis.kill()
        os.truncate(redis.file, size)
        redis.start()
        asked = {"nodes": ["None"], "batch_size": 1}
        eventually("Redis is reached", lambda: space.call(api.ENQUEUE_STATES, asked).status_code == 200)
        eventually("what was answered is applied again", lambda: service.app.state.services.engine.edge.rounds)
        second = enqueue_one(space, "Second")
        assert second["run_id"] == first["run_id"]
        executed(space, second)
        again = enqueue_one(space, "First")
        assert (again["state_id"], again["attempt"]) == (other["state_id"], 1)
        executed(space, again, {"v": "2"})
        executed(space, enqueue_one(space, "Second"))
        assert [space.wait(run)["status"] for run in runs] == ["SUCCESS", "SUCCESS"]
