"""A trigger that waits until replicas, or the disk, have its run; and readiness that tells of replicas."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.service import Service, Space, eventually, settings
from exosphere_core import api
from exosphere_core.errors import ConfigurationError
from exosphere_orchestrator.server import serve
from redis_servers import RedisServer, server_binaries

WAIT_MS = 300


def online(server: RedisServer) -> bool:
    """Whether its one replica has all its data."""
    replication = server.ask("INFO", "replication")
    return "slave0" in replication and replication["slave0"]["state"] == "online"


@pytest.fixture(params=range(len(server_binaries())))
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[RedisServer, RedisServer]]:
    """A server and its replica."""
    binary = server_binaries()[request.param]
    with RedisServer(tmp_path / "first", "--repl-diskless-sync-delay", "0", binary=binary) as first:
        follows = ("--replicaof", "127.0.0.1", str(first.port))
        with RedisServer(tmp_path / "replica", *follows, binary=binary) as replica:
            eventually("the replica follows", lambda: online(first))
            yield first, replica


def count(space: Space) -> int:
    total: int = space.ok(api.LIST_RUNS, page=1, size=1)["total"]
    return total


def test_a_trigger_is_answered_when_a_replica_has_it_and_503_while_that_stands_still(
    pair: tuple[RedisServer, RedisServer],
) -> None:
    first, replica = pair
    with Service(first.url, trigger_replicas=1, trigger_wait_ms=WAIT_MS) as service:
        space = Space(service, "ns")
        space.chain()
        run = space.trigger()
        assert replica.ask("EXISTS", f"exo:{{ns:0}}:run:{run}") == 1
        replica.signal(signal.SIGSTOP)
        key = {"Idempotency-Key": "k"}
        for _ in range(2):
            # The second one finds the run, and that is no safer than it was.
            detail = space.refused(503, api.TRIGGER, {}, headers=key)
            assert "was made and is not safe yet: 0 of 1 replicas have it (EXOSPHERE_TRIGGER_REPLICAS)" in detail
            assert "the same Idempotency-Key" in detail
        assert "is not safe yet" in space.refused(503, api.RERUN, {}, run_id=run)
        assert count(space) == 3
        bulk = {"runs": [{}] * 100}
        detail = space.refused(503, api.TRIGGER_MANY, bulk, headers=key)
        assert "was made and is not safe yet: 0 of 1 replicas have it (EXOSPHERE_TRIGGER_REPLICAS)" in detail
        assert "the same Idempotency-Key" in detail
        # Only the first of its runs were made.
        assert 3 < count(space) < 103
        replica.signal(signal.SIGCONT)
        eventually("the replica is back", lambda: space.call(api.TRIGGER, {}, headers=key).status_code == 200)
        runs = space.ok(api.TRIGGER_MANY, bulk, headers=key)["run_ids"]
        assert count(space) == 103
        assert replica.ask("EXISTS", *(f"exo:{{ns:0}}:run:{run}" for run in runs)) == 100
        made = space.ok(api.TRIGGER, {}, headers=key)["run_id"]
        assert replica.ask("EXISTS", f"exo:{{ns:0}}:run:{made}") == 1


def test_readiness_tells_of_replicas_and_that_no_write_waits_for_them(pair: tuple[RedisServer, RedisServer]) -> None:
    first, _ = pair
    with Service(first.url, trigger_replicas=2) as service:
        ready = service.http.get(api.READY.path).json()
        assert (ready["replicas"], ready["min_replicas_to_write"]) == (1, "0")
        assert any("set min-replicas-to-write 1" in warning for warning in ready["warnings"])
        assert any("1 of the 2 replicas" in warning for warning in ready["warnings"])
        first.ask("CONFIG", "SET", "min-replicas-to-write", "1")
        ready = service.http.get(api.READY.path).json()
        assert ready["min_replicas_to_write"] == "1"
        assert not any("min-replicas-to-write" in warning for warning in ready["warnings"])
        assert ready["refuses_triggers"] is None


def test_readiness_tells_why_triggers_are_refused_and_they_are_let_in_again(tmp_path: Path) -> None:
    with RedisServer(tmp_path / "redis") as redis, Service(redis.url) as service:
        space = Space(service, "ns")
        space.chain()
        used = int(redis.ask("INFO", "memory")["used_memory"])
        redis.ask("CONFIG", "SET", "maxmemory", used)

        def refusal() -> str | None:
            why: str | None = service.http.get(api.READY.path).json()["refuses_triggers"]
            return why

        eventually("the budget is seen to be passed", refusal)
        answer = space.call(api.TRIGGER, {})
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        assert "EXOSPHERE_MAX_MEMORY_PERCENT" in answer.json()["detail"]
        redis.ask("CONFIG", "SET", "maxmemory", used * 4)
        eventually("there is room again", lambda: refusal() is None)
        space.trigger()


@pytest.mark.usefixtures("logging_comes_back")
def test_waiting_for_the_disk_works_where_the_server_can_and_is_refused_at_the_start_where_it_can_not(
    tmp_path: Path,
) -> None:
    for number, binary in enumerate(server_binaries()):
        options = ("--appendonly", "yes", "--appendfsync", "everysec")
        with RedisServer(tmp_path / str(number), *options, binary=binary) as redis:
            version = redis.ask("INFO", "server")["redis_version"]
            if tuple(map(int, version.split("."))) < (7, 2):
                with pytest.raises(ConfigurationError, match=rf"needs Redis 7\.2 or later, and this one is {version}"):
                    serve(settings(redis.url, trigger_fsync=True))
                continue
            with Service(redis.url, trigger_fsync=True) as service:
                space = Space(service, "ns")
                space.chain()
                assert space.wait(space.trigger(), timeout_ms=0)["status"] == "PENDING"
                redis.ask("CONFIG", "SET", "appendfsync", "no")
                assert "it is not on the disk of Redis" in space.refused(503, api.TRIGGER, {})
