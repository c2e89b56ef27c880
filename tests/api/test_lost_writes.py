"""Redis acknowledges what callers of the API were then told, and loses it: it is applied again, and what was accepted ends."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis

from api.service import Service, Space, eventually, many, node_class, one
from exosphere_core import api
from exosphere_core.keys import ShardKeys
from exosphere_core.store.calls import Call
from exosphere_orchestrator import edge as edges
from exosphere_orchestrator.edge import Edge
from redis_servers import RedisServer

KEPT = ("--appendonly", "yes", "--appendfsync", "always", "--aof-use-rdb-preamble", "no")


def test_what_was_answered_is_there_again_after_redis_lost_the_end_of_its_file(tmp_path: Path) -> None:
    with RedisServer(tmp_path / "redis", *KEPT) as redis, Service(redis.url) as service:
        old = Space(service, "old")
        old.chain()
        old_run = old.trigger()
        old.do("First", one(v="1"))
        failing = old.take("Second")
        # All of this is in the file; what follows is lost.
        size = redis.file.stat().st_size
        space = Space(service, "lost")
        space.chain()
        space.graph(space.node("first", "second", inputs={"x": "newer"}), space.node("second", inputs={"y": "1"}))
        answer = space.call(api.TRIGGER, {"inputs": {"x": "mine"}}, headers={"Idempotency-Key": "k"})
        run = answer.json()["run_id"]
        again = space.ok(api.RERUN, {}, run_id=run)["run_id"]
        cancelled = space.trigger()
        assert space.ok(api.CANCEL_RUN, run_id=cancelled)["status"] == "CANCELLED"
        old.ok(api.RECORD_ONCE, {"value": 7}, state_id=failing.state, key="paid")
        redis.kill()
        os.truncate(redis.file, size)
        redis.start()
        eventually("the run is there again", lambda: space.call(api.GET_RUN, run_id=run).status_code == 200)
        eventually("so is the rerun", lambda: space.call(api.GET_RUN, run_id=again).status_code == 200)
        assert space.wait(cancelled)["status"] == "CANCELLED"
        assert space.ok(api.GET_GRAPH)["version"] == 2
        repeated = space.call(api.TRIGGER, {"inputs": {"x": "mine"}}, headers={"Idempotency-Key": "k"})
        assert repeated.json()["run_id"] == run
        for _ in (run, again):
            space.do("First", one(v="1"))
            space.do("Second", one(v="2"))
        assert space.wait(run)["status"] == "SUCCESS"
        assert space.wait(again)["status"] == "SUCCESS"
        assert old.ok(api.GET_ONCE, state_id=failing.state, key="paid")["value"] == 7
        old.report(failing, one(v="2"))
        assert old.wait(old_run)["status"] == "SUCCESS"


def test_what_was_answered_is_there_again_when_a_server_with_older_data_takes_over_the_address(tmp_path: Path) -> None:
    first = RedisServer(tmp_path / "first", *KEPT)
    with first, Service(first.url) as service:
        space = Space(service, "ns")
        space.chain()
        older = RedisServer(tmp_path / "second", *KEPT, port=first.port)
        older.folder.mkdir()
        (older.folder / "appendonly.aof").write_bytes(first.file.read_bytes())
        run = space.trigger()
        first.kill()
        with older:
            eventually("the run is there again", lambda: space.call(api.GET_RUN, run_id=run).status_code == 200)
            space.do("First", one(v="1"))
            space.do("Second", one(v="2"))
            assert space.wait(run)["status"] == "SUCCESS"


def test_a_restart_that_lost_nothing_changes_nothing(tmp_path: Path) -> None:
    with RedisServer(tmp_path / "redis", *KEPT) as redis, Service(redis.url) as service:
        space = Space(service, "ns")
        space.register(node_class("First"), node_class("Second"))
        space.graph(space.node("first", "second"), space.node("second"), retry_policy={"max_retries": 0})
        run = space.trigger()
        space.do("First", many("1", "2"))
        space.do("Second", one(v="1"))
        cancelled = space.trigger()
        space.ok(api.CANCEL_RUN, run_id=cancelled)
        home = ShardKeys("ns")

        def everything() -> list[Any]:
            """What users see, and how long the queues are."""
            rows = [(api.GET_RUN, {"run_id": each}) for each in (run, cancelled)]
            rows += [(api.GET_STRUCTURE, {"run_id": each}) for each in (run, cancelled)]
            rows += [(api.GET_GRAPH, {}), (api.LIST_RUNS, {"page": 1, "size": 9}), (api.LIST_NODES, {})]
            return [space.ok(row, **path) for row, path in rows] + [
                redis.ask("XLEN", home.ready(name)) for name in ("First", "Second")
            ]

        eventually("it is applied", lambda: space.ok(api.GET_RUN, run_id=run)["success_count"] == 3)
        before = everything()
        edge = service.app.state.services.engine.edge
        rounds = edge.rounds
        redis.kill()
        redis.start()
        eventually("what is kept was applied again", lambda: edge.rounds > rounds)
        assert everything() == before


def test_what_is_kept_is_bounded_in_bytes_and_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Edge(FakeAsyncRedis())
    monkeypatch.setattr(edges, "MOST_BYTES", 100)
    kept.keep([Call("trigger", ["run"], ["0000000"])])
    most = 100 // kept.size * kept.size
    for number in range(30):
        kept.keep([Call("trigger", ["run"], [f"{number:07}"])])
    assert 50 < kept.size == most
    kept.forget(time.monotonic())
    assert kept.size == most
    kept.forget(time.monotonic() + edges.KEPT_S + 1)
    assert kept.size == 0
