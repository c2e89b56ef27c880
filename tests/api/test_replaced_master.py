"""Sentinels name another master while the old one goes on to take writes: what the API answered is on the one that stays."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from redis.asyncio.sentinel import Sentinel

from api.service import Service, Space, eventually
from exosphere_core import api
from exosphere_core.keys import ShardKeys
from exosphere_core.store import connection, master_pool
from exosphere_orchestrator import server_watch
from redis_servers import RedisServer

HOME = ShardKeys("ns")


class Scene(NamedTuple):
    first: RedisServer
    second: RedisServer
    space: Space
    name: Any


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    with RedisServer(tmp_path / "first") as first, RedisServer(tmp_path / "second") as second:
        named = [first]

        class Named(Sentinel):
            async def discover_master(self, service_name: str) -> tuple[str, int]:
                return "127.0.0.1", named[-1].port

        monkeypatch.setattr(connection, "Sentinel", Named)
        second.ask("REPLICAOF", "127.0.0.1", str(first.port))
        with Service("redis+sentinel://127.0.0.1:1/work") as service:
            yield Scene(first, second, Space(service, "ns"), named.append)


def promoted(scene: Scene) -> None:
    """The second server has what the first one had so far, and takes writes of its own from now on."""
    written = scene.first.ask("INFO", "replication")["master_repl_offset"]
    eventually(
        "the replica follows", lambda: scene.second.ask("INFO", "replication").get("slave_repl_offset", -1) >= written
    )
    scene.second.ask("REPLICAOF", "NO", "ONE")


def triggered(scene: Scene) -> str:
    """Trigger a run; the call may meet the moment in which a master is left. Returns its id, or ""."""
    answer = scene.space.call(api.TRIGGER, {})
    assert answer.status_code in (200, 503), answer.text
    return str(answer.json()["run_id"]) if answer.status_code == 200 else ""


def test_nothing_is_answered_by_the_old_master_once_the_new_one_has_what_it_lacked(scene: Scene) -> None:
    scene.space.chain()
    promoted(scene)
    run = scene.space.trigger()
    assert scene.first.ask("EXISTS", HOME.run(run)) == 1
    scene.name(scene.second)
    eventually("the new master has the run", lambda: scene.second.ask("EXISTS", HOME.run(run)))
    later = scene.space.trigger()
    assert scene.second.ask("EXISTS", HOME.run(later)) == 1
    assert scene.first.ask("ROLE")[0] == b"master", "the old one refused: the test meets nothing"


def test_what_a_master_answered_that_was_named_between_two_looks_at_redis_is_not_lost(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_look, looking, look = threading.Event(), threading.Event(), server_watch.look

    async def look_later(redis: Any) -> Any:
        looking.set()
        while not may_look.is_set():
            await asyncio.sleep(0.01)
        return await look(redis)

    def until_answered_by(server: RedisServer) -> str:
        runs = [""]

        def is_there() -> bool:
            runs.append(triggered(scene))
            return bool(server.ask("EXISTS", HOME.run(runs[-1])))

        eventually("it answers", is_there)
        return runs[-1]

    scene.space.chain()
    promoted(scene)
    monkeypatch.setattr(master_pool, "LOOK_S", 0.01)
    monkeypatch.setattr(server_watch, "look", look_later)
    eventually("the watch is held", looking.is_set)
    scene.name(scene.second)
    run = until_answered_by(scene.second)
    scene.name(scene.first)
    until_answered_by(scene.first)
    assert not scene.first.ask("EXISTS", HOME.run(run))
    may_look.set()
    eventually("the first one has what the other answered", lambda: scene.first.ask("EXISTS", HOME.run(run)))
