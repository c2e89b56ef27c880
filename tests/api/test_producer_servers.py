"""Triggering straight in Redis: how many shards there are, servers that are away or lose something, and what a user of Redis needs."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError, ResponseError

from api.service import Service, Space, eventually, node_class, one
from cluster_node import SLOTS
from exosphere_core import api
from exosphere_core.ids import shard_of_ours
from exosphere_core.keys import AGREED, CatalogKeys, ShardKeys, access_key
from exosphere_core.store.address import with_user
from exosphere_orchestrator.producing import watching
from exospherehost import Producer, blocking
from exospherehost.errors import AuthenticationFailed, Forbidden, NotFound, Unavailable
from redis_servers import PATIENCE_S, RedisServer, server_binaries

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "redis.md").read_text()
KEPT = ("--appendonly", "yes", "--appendfsync", "always", "--aof-use-rdb-preamble", "no")


@pytest.fixture
def root(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
        yield redis


def told_shards(redis: Redis) -> bytes | None:
    told: bytes | None = redis.hget(AGREED, "shards")
    return told


def run_to_its_end(space: Space, run: str) -> None:
    """Runtimes take the states of the graph `g` of `Space.chain`, wherever its run has its home."""
    home = ShardKeys(space.name, shard_of_ours(run))
    assert home.shard == 0, "the runtimes that a test plays read the first shard"
    space.do("First", one(v="1"))
    space.do("Second", one(v="2"))
    assert space.wait(run)["status"] == "SUCCESS"


def test_runs_go_to_the_shards_that_the_state_managers_have_whatever_the_environment_says(
    root: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXOSPHERE_SHARDS", "64")
    with Service(redis_url, shards=3) as service, blocking.Producer("ns", redis_url) as producer:
        space = Space(service, "ns")
        space.chain()
        runs = producer.trigger_many("g", [{}] * 30)
        runs += [producer.trigger("g")["run_id"] for _ in range(30)]
        assert {shard_of_ours(run) for run in runs[:30]} == {shard_of_ours(run) for run in runs[30:]} == {0, 1, 2}
        for key in "abc":
            mine = producer.trigger("g", {"x": "1"}, idempotency_key=key)["run_id"]
            answer = space.call(api.TRIGGER, {"inputs": {"x": "1"}}, headers={"Idempotency-Key": key}).json()
            assert answer["run_id"] == mine


def test_a_producer_learns_of_more_shards_while_it_is_used(root: Redis, redis_url: str) -> None:
    with blocking.Producer("ns", redis_url) as producer:
        with Service(redis_url) as service:
            Space(service, "ns").chain()
            assert shard_of_ours(producer.trigger("g")["run_id"]) == 0
        with Service(redis_url, shards=2):
            eventually("a run goes to the new shard", lambda: shard_of_ours(producer.trigger("g")["run_id"]) == 1)


def test_fewer_shards_than_before_are_told_and_warned_of(
    root: Redis, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    for shards in (3, 1):
        with Service(redis_url, shards=shards):
            eventually("it is told", lambda shards=shards: told_shards(root) == b"%d" % shards)
    warned = [record.getMessage() for record in caplog.records if "EXOSPHERE_SHARDS" in record.getMessage()]
    assert len(warned) == 1
    assert warned[0].startswith("EXOSPHERE_SHARDS is 1 here and was 3 for another state manager")


@pytest.mark.parametrize("lost", ["nothing", "garbage"])
def test_a_number_of_shards_that_redis_lost_is_told_again(
    root: Redis, redis_url: str, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exosphere_orchestrator.engine.engine._LOOK_S", 0.02)
    with Service(redis_url, shards=2):
        eventually("it is told", lambda: told_shards(root) == b"2")
        if lost == "nothing":
            root.delete(AGREED)
        else:
            root.hset(AGREED, "shards", "many")
        eventually("it is told again", lambda: told_shards(root) == b"2")


def test_a_redis_that_no_state_manager_has_used_is_told_as_such(root: Redis, redis_url: str) -> None:
    with (
        blocking.Producer("ns", redis_url, timeout=0.5) as producer,
        pytest.raises(
            Unavailable, match=r"no state manager has told Redis at unix://\S+ yet how many shards there are"
        ),
    ):
        producer.trigger("g")
    assert root.keys("*") == []


def test_a_trigger_is_accepted_while_no_state_manager_is_up_and_its_run_ends_when_one_comes(
    root: Redis, redis_url: str
) -> None:
    with Service(redis_url) as service:
        Space(service, "ns").chain()
        eventually("the shards are told", lambda: told_shards(root))
    with blocking.Producer("ns", redis_url) as producer:
        now, later = producer.trigger("g")["run_id"], producer.trigger("g", start_delay=1)["run_id"]
    with Service(redis_url) as service:
        space = Space(service, "ns")
        run_to_its_end(space, now)
        run_to_its_end(space, later)


def test_what_was_answered_is_there_again_after_redis_lost_the_end_of_its_file(tmp_path: Path) -> None:
    with RedisServer(tmp_path / "redis", *KEPT) as redis, Service(redis.url) as service:
        space = Space(service, "ns")
        space.chain()
        with blocking.Producer("ns", redis.url) as producer:
            producer.trigger("g", idempotency_key="before")
            size = redis.file.stat().st_size
            run = producer.trigger("g", {"x": "mine"}, idempotency_key="k")["run_id"]
            many = producer.trigger_many("g", [{}] * 3)
            redis.kill()
            with redis.file.open("ab") as file:
                file.truncate(size)
            redis.start()
            for each in (run, *many):
                eventually("it is there again", lambda each=each: _status(space, each) == 200)
            assert producer.trigger("g", {"x": "mine"}, idempotency_key="k")["run_id"] == run


def _status(space: Space, run: str) -> int:
    return space.call(api.GET_RUN, run_id=run).status_code


def test_a_trigger_waits_out_a_restart_of_redis_and_starts_one_run(tmp_path: Path) -> None:
    with RedisServer(tmp_path / "redis", *KEPT) as redis, Service(redis.url) as service:
        space = Space(service, "ns")
        space.chain()

        with blocking.Producer("ns", redis.url) as producer, ThreadPoolExecutor(1) as pool:
            producer.trigger("g", idempotency_key="a")
            redis.kill()
            asked = pool.submit(producer.trigger, "g", idempotency_key="b")
            redis.start()
            run = asked.result(PATIENCE_S)["run_id"]
        assert space.ok(api.LIST_RUNS, page=1, size=9)["total"] == 2
        assert space.ok(api.GET_RUN, run_id=run)["status"] == "PENDING"


def test_a_redis_that_goes_away_is_told_by_its_place(tmp_path: Path) -> None:
    with RedisServer(tmp_path / "redis") as redis:
        redis.ask("CONFIG", "SET", "requirepass", "hunter2")
        url = redis.url.replace("//", "//:hunter2@")
        with Service(url) as service, blocking.Producer("ns", url, timeout=0.5) as producer:
            space = Space(service, "ns")
            space.chain()
            producer.trigger("g")
            redis.kill()
            with pytest.raises(Unavailable, match=f"Redis at {redis.url} can't be reached") as lost:
                producer.trigger("g")
            assert "hunter2" not in lost.value.detail


def test_a_wrong_password_is_told_at_once_and_not_shown(tmp_path: Path) -> None:
    with RedisServer(tmp_path / "redis") as redis:
        redis.ask("CONFIG", "SET", "requirepass", "other")
        with (
            blocking.Producer("ns", redis.url.replace("//", "//:hunter2@")) as producer,
            pytest.raises(AuthenticationFailed, match=f"Redis at {redis.url} refuses the connection") as refused,
        ):
            producer.trigger("g")
        assert "hunter2" not in refused.value.detail


def test_a_producer_works_on_a_cluster(cluster_url: str) -> None:
    plain = cluster_url.replace("redis+cluster", "redis")
    with Redis.from_url(plain) as redis:
        redis.flushall()
        assert redis.execute_command("CLUSTER", "INFO").count(str(SLOTS).encode())
    with Service(cluster_url, shards=3) as service, blocking.Producer("ns", cluster_url) as producer:
        space = Space(service, "ns")
        space.register(node_class("First", ("x",)))
        space.graph(space.node("first", inputs={"x": "1"}))
        runs = [producer.trigger("g")["run_id"] for _ in range(20)] + producer.trigger_many("g", [{}] * 100)
        assert {shard_of_ours(run) for run in runs} == {0, 1, 2}
        assert space.ok(api.LIST_RUNS, page=1, size=1)["total"] == 120


def rules_on_the_page(version: tuple[int, ...]) -> list[str]:
    """What the page has a producer's user be made with: the first command before Redis 7, the second from there on."""
    lines = re.findall(r"^ACL SETUSER (orders-producer .*)$", PAGE, re.MULTILINE)
    old, new = lines
    # What stands in brackets is one rule, blanks included.
    return re.findall(r"\([^)]*\)|\S+", new if version >= (7, 0) else old)


@pytest.mark.parametrize("binary", server_binaries(), ids=lambda path: Path(path).parent.name)
def test_the_user_on_the_page_can_trigger_and_nothing_else(binary: str, tmp_path: Path) -> None:
    with (
        RedisServer(tmp_path / "redis", binary=binary) as redis,
        Service(redis.url) as service,
        Redis.from_url(redis.url) as root,
    ):
        version = tuple(int(part) for part in root.info("server")["redis_version"].split(".")[:2])
        for name in ("orders", "orders-2"):
            space = Space(service, name)
            space.register(node_class("First", ("x",), secrets=("token",)), node_class("Second", ("y",)))
            space.graph(
                space.node("first", "second", inputs={"x": "1"}), space.node("second", inputs={"y": "2"}),
                secrets={"token": "the-very-secret"},
            )  # fmt: skip
        service.new_key("viewer", "orders")
        space = Space(service, "orders")
        root.execute_command("ACL", "SETUSER", *rules_on_the_page(version))
        url = with_user(redis.url, "orders-producer", "PASSWORD")
        with blocking.Producer("orders", url, timeout=2) as producer:
            run = producer.trigger("g", {"x": "3"}, {"k": "v"}, idempotency_key="a")["run_id"]
            assert producer.trigger("g", {"x": "3"}, {"k": "v"}, idempotency_key="a")["run_id"] == run
            many = producer.trigger_many("g", [{"store": {"k": "v"}}, {"start_delay": 60_000}], idempotency_key="b")
            assert (
                producer.trigger_many("g", [{"store": {"k": "v"}}, {"start_delay": 60_000}], idempotency_key="b")
                == many
            )
            # A server that was restarted does not know the scripts.
            root.script_flush()
            producer.trigger("g", start_delay=60_000)
            root.script_flush()
            producer.trigger_many("g", [{}])
        run_to_its_end(space, run)
        with blocking.Producer("orders-2", url, timeout=2) as producer:
            with pytest.raises(
                Forbidden, match=f"Redis at {redis.url} does not permit its user to make runs"
            ) as refused:
                producer.trigger("g")
            assert "docs/redis.md" in refused.value.detail
        with Redis.from_url(url) as user:
            _is_refused(user, root, version)


def _is_refused(user: Redis, root: Redis, version: tuple[int, ...]) -> None:
    catalog, home, there = CatalogKeys("orders"), ShardKeys("orders"), ShardKeys("orders-2")
    key_id = root.zrange(catalog.access_keys, 0, 0)[0].decode()
    never = [
        ("HGETALL", access_key(key_id)), ("HGETALL", catalog.nodes), ("HGETALL", CatalogKeys("orders-2").graph("g")),
        ("XADD", there.ready("First"), "*", "state", "x"), ("HSET", there.run("x"), "status", "SUCCESS"),
        ("XADD", home.reports, "*", "kind", "EXECUTED"), ("XRANGE", home.ready("First"), "-", "+"), ("KEYS", "*"),
        ("CONFIG", "GET", "*"), ("ACL", "LIST"), ("FLUSHALL",), ("DEL", home.runs), ("PUBLISH", "exo:run-ended", "x"),
        ("EVAL", "return 1", "0"), ("XREVRANGE", catalog.audit, "+", "-"), ("SUBSCRIBE", "exo:runs:orders"),
    ]  # fmt: skip
    (state,) = root.keys(home.state("*"))[:1]
    if version >= (7, 0):
        never += [
            ("HGETALL", state), ("HMGET", state, "inputs"), ("HSET", catalog.graph("g"), "paused_at", "1"),
            ("HDEL", AGREED, "shards"), ("HSET", AGREED, "shards", "9"),
        ]  # fmt: skip
    for command in never:
        with pytest.raises((NoPermissionError, ResponseError), match=r"permission|can't"):
            user.execute_command(*command)
    # What it reads of a graph holds the secrets encrypted.
    stored = user.hgetall(catalog.version("g", 1))
    assert b"the-very-secret" not in b"".join(stored.values())


def test_redis_is_looked_at_while_somebody_triggers_and_not_for_good(
    root: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_S", 0.01)
    monkeypatch.setattr(watching, "_ON_S", 0.02)
    root.hset(AGREED, "shards", 1)

    async def play() -> None:
        async with Producer("ns", redis_url) as producer:
            for _ in range(2):
                with pytest.raises(NotFound):
                    await producer.trigger("g")
                (watch,) = (task for task in asyncio.all_tasks() if task.get_name() == "watch of Redis")
                async with asyncio.timeout(PATIENCE_S):
                    await watch

    asyncio.run(play())
