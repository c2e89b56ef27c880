"""What the Redis user of a namespace's runtimes may do, on a real server, and what it is refused."""

import asyncio
from collections.abc import Iterator

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.connection import ConnectionPool, SSLConnection, UnixDomainSocketConnection, parse_url
from redis.exceptions import AuthenticationError, NoPermissionError

from api.service import Service, Space, node_class, one
from exosphere_core import api
from exosphere_core.keys import CatalogKeys, ShardKeys
from exosphere_core.store import streams
from exosphere_core.store.address import with_user
from exosphere_core.store.connection import check_server, connect_sync
from exosphere_orchestrator.grants import RuntimeUser, grant, rules

SECRET = "the secret of the tests"
HOME = ShardKeys("a")
QUEUE = HOME.ready("Node")

#: Streams of neighbours whose names begin or end alike, and of this namespace's other parts.
FOREIGN_QUEUES = [
    ShardKeys("ab").ready("Node"), ShardKeys("ba").ready("Node"), ShardKeys("A").ready("Node"),
    ShardKeys("a.").ready("Node"), HOME.rejected, f"{QUEUE[1:]}",
]  # fmt: skip
FOREIGN_REPORTS = [
    ShardKeys("ab").reports,
    ShardKeys("ba").reports,
    HOME.rejected,
    HOME.inbox,
    HOME.outbox,
    f"{HOME.reports}:x",
]


@pytest.fixture
def root(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
        for stream in [QUEUE, *FOREIGN_QUEUES]:
            redis.xgroup_create(stream, "runtimes", id="0", mkstream=True)
            redis.xadd(stream, {"task": "1"})
        redis.hset(HOME.state("s"), mapping={"status": "CREATED"})
        redis.hset(CatalogKeys("a").graph("g"), mapping={"version": "1"})
        yield redis


def granted(redis_url: str, namespace: str = "a") -> str:
    async def make() -> str:
        redis = AsyncRedis.from_url(redis_url)
        try:
            return await grant(redis, redis_url, SECRET, RuntimeUser(namespace), await check_server(redis))
        finally:
            await redis.aclose()

    return asyncio.run(make())


@pytest.fixture
def runtime(root: Redis, redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(granted(redis_url)) as redis:
        yield redis


def test_a_runtime_may_take_renew_acknowledge_and_report_the_work_of_its_namespace(runtime: Redis, root: Redis) -> None:
    ((_, ((entry, _),)),) = runtime.xreadgroup("runtimes", "w", {QUEUE: ">"}, count=1)
    assert runtime.xreadgroup("runtimes", "w", {QUEUE: "0"})
    assert runtime.xclaim(QUEUE, "runtimes", "w", 0, [entry], retrycount=7, justid=True) == [entry]
    with runtime.pipeline(transaction=True) as pipeline:
        pipeline.xadd(HOME.reports, {"kind": "EXECUTED"})
        pipeline.xack(QUEUE, "runtimes", entry)
        pipeline.xdel(QUEUE, entry)
        assert pipeline.execute()[1:] == [1, 1]
    assert root.xlen(HOME.reports) == 1
    assert root.xlen(QUEUE) == 0


def test_every_shard_of_the_namespace_is_open_to_its_runtimes(runtime: Redis, root: Redis) -> None:
    queue = ShardKeys("a", 17).ready("Node")
    root.xgroup_create(queue, "runtimes", id="0", mkstream=True)
    root.xadd(queue, {"task": "1"})
    assert runtime.xreadgroup("runtimes", "w", {queue: ">"})
    assert runtime.xadd(ShardKeys("a", 17).reports, {"kind": "EXECUTED"})


def test_the_calls_of_a_runtime_are_just_those_that_are_granted(root: Redis, redis_url: str) -> None:
    url = granted(redis_url)

    async def play() -> set[str]:
        redis = AsyncRedis.from_url(url)
        try:
            (entry,) = await streams.read_new(redis, "runtimes", "w", [QUEUE], 1, None)
            assert await streams.read_own(redis, "runtimes", "w", QUEUE, "0", 10)
            with connect_sync(url) as blocking:
                lost = streams.renew(blocking, "w", 2, {QUEUE: [entry.id, "1-1"]})
            await streams.send_reports(redis, [(HOME.reports, ("kind", "FAILED"))], {QUEUE: [entry.id]})
        finally:
            await redis.aclose()
        return lost

    assert asyncio.run(play()) == {"1-1"}


@pytest.mark.parametrize("stream", FOREIGN_QUEUES)
def test_a_runtime_is_refused_streams_that_are_not_its_queues(runtime: Redis, stream: str) -> None:
    for call in (
        lambda: runtime.xreadgroup("runtimes", "w", {stream: ">"}),
        lambda: runtime.xreadgroup("runtimes", "w", {QUEUE: ">", stream: ">"}),
        lambda: runtime.xack(stream, "runtimes", "1-1"),
        lambda: runtime.xdel(stream, "1-1"),
        lambda: runtime.xclaim(stream, "runtimes", "w", 0, ["1-1"]),
    ):
        with pytest.raises(NoPermissionError):
            call()


@pytest.mark.parametrize("stream", FOREIGN_REPORTS)
def test_a_runtime_is_refused_reports_to_other_streams(runtime: Redis, stream: str) -> None:
    with pytest.raises(NoPermissionError):
        runtime.xadd(stream, {"kind": "EXECUTED"})


@pytest.mark.parametrize(
    "command",
    [
        ("GET", HOME.state("s")), ("HGETALL", HOME.state("s")), ("HGETALL", CatalogKeys("a").graph("g")),
        ("HGET", HOME.state("s"), "status"), ("HSET", HOME.state("s"), "status", "SUCCESS"),
        ("KEYS", "*"), ("SCAN", "0"), ("DEL", QUEUE), ("EXPIRE", QUEUE, "1"), ("XTRIM", QUEUE, "MAXLEN", "0"),
        ("XRANGE", HOME.reports, "-", "+"), ("XGROUP", "DESTROY", QUEUE, "runtimes"),
        ("EVAL", "return 1", "0"), ("EVALSHA", "0" * 40, "0"), ("SCRIPT", "FLUSH"),
        ("CONFIG", "GET", "*"), ("ACL", "LIST"), ("ACL", "SETUSER", "me", "allcommands"), ("CLIENT", "LIST"),
        ("FLUSHALL",), ("FLUSHDB",), ("SHUTDOWN",), ("MONITOR",), ("SUBSCRIBE", "exo:run-ended"),
        ("PUBLISH", "exo:run-ended", "x"), ("INFO",), ("MIGRATE", "h", "1", "k", "0", "1"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_runtime_is_refused_records_scripts_and_the_server_itself(runtime: Redis, command: tuple[str, ...]) -> None:
    with pytest.raises(NoPermissionError):
        runtime.execute_command(*command)


def test_namespaces_do_not_share_a_password(root: Redis, redis_url: str) -> None:
    granted(redis_url, "a")
    stranger = with_user(redis_url, RuntimeUser("a").name, RuntimeUser("ab").password(SECRET))
    with Redis.from_url(stranger) as redis, pytest.raises(AuthenticationError):
        redis.ping()
    assert RuntimeUser("a").password(SECRET) == RuntimeUser("a").password(SECRET) != RuntimeUser("a").password("other")


def test_a_grant_that_is_renewed_leaves_connections_and_credentials_as_they_are(runtime: Redis, redis_url: str) -> None:
    assert runtime.ping()
    url = granted(redis_url)
    assert granted(redis_url) == url
    assert runtime.xreadgroup("runtimes", "w", {QUEUE: ">"})


def test_rights_that_somebody_added_are_gone_after_the_next_grant(runtime: Redis, root: Redis, redis_url: str) -> None:
    root.execute_command("ACL", "SETUSER", RuntimeUser("a").name, "+@all", "~*", "nopass")
    assert runtime.get("anything") is None
    granted(redis_url)
    with pytest.raises(NoPermissionError):
        runtime.get("anything")
    stranger = with_user(redis_url, RuntimeUser("a").name, "any")
    with Redis.from_url(stranger) as redis, pytest.raises(AuthenticationError):
        redis.ping()


def test_a_server_that_ties_commands_to_keys_is_told_which_belong_together() -> None:
    assert rules("a", "pw", selectors=True)[-2:] == [
        "(+xreadgroup +xack +xclaim +xdel ~exo:{a:*}:ready:*)",
        "(+xadd %W~exo:{a:*}:reports)",
    ]
    flat = rules("a", "pw", selectors=False)
    assert {"~exo:{a:*}:ready:*", "~exo:{a:*}:reports", "+xadd", "+xdel"} <= set(flat)
    for both in (rules("a", "pw", selectors=True), flat):
        assert both[:4] == ["reset", "on", ">pw", "-@all"]
        assert not {"+eval", "+evalsha", "+get", "+hgetall", "+keys", "+@all", "allkeys", "~*"} & set(both)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("redis://localhost:6379/3", {"host": "localhost", "port": 6379, "db": 3}),
        ("redis://boss:secret@redis.test:7000", {"host": "redis.test", "port": 7000}),
        ("redis://:secret@redis.test/0?timeout=5", {"host": "redis.test", "db": 0, "timeout": 5.0}),
        ("redis://b%40ss:p%2Fw@[::1]:7000/1", {"host": "::1", "port": 7000, "db": 1}),
        (
            "rediss://boss:secret@redis.test:7000/2?ssl_cert_reqs=required&ssl_ca_certs=%2Fetc%2Fca.pem",
            {"host": "redis.test", "port": 7000, "db": 2, "ssl_cert_reqs": "required", "ssl_ca_certs": "/etc/ca.pem"},
        ),
        ("unix:///run/redis.sock", {"path": "/run/redis.sock"}),
        ("unix://boss:secret@/run/redis.sock?db=4", {"path": "/run/redis.sock", "db": 4}),
        ("unix:///run/redis.sock?username=boss&password=secret&db=1", {"path": "/run/redis.sock", "db": 1}),
        ("redis://redis.test?password=secret&socket_timeout=2", {"host": "redis.test", "socket_timeout": 2.0}),
    ],
)  # fmt: skip
def test_a_url_keeps_everything_but_the_credentials(url: str, host: dict[str, object]) -> None:
    changed = with_user(url, "a user", "p:w@/?#")
    assert "boss" not in changed
    assert "secret" not in changed
    parsed = parse_url(changed)
    kind = parsed.pop("connection_class", None)
    assert kind is {"rediss": SSLConnection, "unix": UnixDomainSocketConnection}.get(url.partition(":")[0])
    assert parsed == {**host, "username": "a user", "password": "p:w@/?#"}
    ConnectionPool.from_url(changed)


def test_a_server_that_lets_nobody_manage_users_gives_its_own_address_with_a_warning(
    root: Redis, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    root.execute_command("ACL", "SETUSER", "limited", "reset", "on", ">pw", "~*", "+@all", "-acl")
    try:
        limited = with_user(redis_url, "limited", "pw")
        assert granted(limited) == limited
    finally:
        root.execute_command("ACL", "DELUSER", "limited")
    assert "runtimes of a get the state manager's own credentials" in caplog.text
    assert "pw" not in caplog.text


def test_a_user_that_was_deleted_is_made_again_by_the_next_registration(redis_url: str, root: Redis) -> None:
    with Service(redis_url) as service:
        space = Space(service, "again")
        told = space.register(node_class("A"), delivery="streams")["delivery"]
        space.graph(space.node("a"))
        root.execute_command("ACL", "DELUSER", RuntimeUser("again").name)
        with Redis.from_url(told["redis_url"]) as runtime:
            with pytest.raises(AuthenticationError):
                runtime.ping()
            assert space.register(node_class("A"), delivery="streams")["delivery"] == told
            assert runtime.ping()
        run = space.trigger()
        space.do("A", one(v="1"))
        assert space.ok(api.WAIT_RUN, run_id=run)["status"] == "SUCCESS"
