"""Connections to Redis, each with the time-outs that its use needs."""

from typing import Any

from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.sentinel import Sentinel as BlockingSentinel

from exosphere_core.errors import ConfigurationError
from exosphere_core.store.address import Address, Kind, read_address
from exosphere_core.store.blocking_cluster import BlockingCluster
from exosphere_core.store.cluster import ClusterClient
from exosphere_core.store.cut_connections import telling_of_cuts
from exosphere_core.store.master_pool import MasterPool
from exosphere_core.store.sentinels import of_master, of_sentinels
from exosphere_core.store.several import ask_those_there
from exosphere_core.store.slots import Node
from exosphere_core.store.wire import COMMAND_TIMEOUT_S

__all__ = [
    "BLOCK_MS",
    "COMMAND_TIMEOUT_S",
    "Redis",
    "ask",
    "check_server",
    "connect",
    "connect_blocking",
    "connect_sync",
    "connect_to_slot",
    "connect_untimed",
    "is_cluster",
    "owner",
    "servers",
]

#: How long a blocking read waits for something to come.
BLOCK_MS = 5_000

#: The most connections of a client to one server, each made when it is needed. All agents of a state manager share one, and
#: those of many namespaces look around at the same time.
_CONNECTIONS = 256

#: A blocking read that is silent for this long after its BLOCK has lost its server.
_BLOCK_GRACE_S = 5.0


def connect(url: str, *, max_connections: int = _CONNECTIONS) -> Redis:
    """Return a client for ordinary commands. It connects at the first command.

    No command is ever sent twice by the client itself: a repeat is only right where the caller knows that it is.

    Raises:
        ConfigurationError: the URL can't be used.
    """
    return _client(url, COMMAND_TIMEOUT_S, max_connections)


def connect_untimed(url: str, *, max_connections: int = _CONNECTIONS) -> Redis:
    """Return a client for bursts, which have one time-out for all their replies."""
    return _client(url, None, max_connections)


def connect_blocking(url: str) -> Redis:
    """Return a client for listening: its reads wait for up to `BLOCK_MS`."""
    return _client(url, BLOCK_MS / 1000 + _BLOCK_GRACE_S, 2)


def _client(url: str, timeout_s: float | None, max_connections: int) -> Redis:
    address = read_address(url)
    try:
        if address.kind is Kind.CLUSTER:
            # A node of a cluster is asked by all who share a client.
            most = max(max_connections, _CONNECTIONS)
            return ClusterClient(
                [Node(*host) for host in address.hosts],
                lambda node: _single(address.url_of(*node), timeout_s, most),
            )
        if address.kind is Kind.SENTINEL:
            return _watched(address, timeout_s, max_connections)
        return _single(url, timeout_s, max_connections)
    except ValueError as bad:
        raise ConfigurationError(f"the Redis URL (EXOSPHERE_REDIS_URL) can't be used: {bad}") from None


def _single(url: str, timeout_s: float | None, max_connections: int) -> Redis:
    client: Redis = Redis.from_url(url, **_settings(timeout_s), max_connections=max_connections)
    return telling_of_cuts(client)


def _settings(timeout_s: float | None) -> dict[str, Any]:
    return {
        "socket_timeout": timeout_s,
        "socket_connect_timeout": COMMAND_TIMEOUT_S,
        "health_check_interval": 0,
        "retry": Retry(NoBackoff(), 0),
        "retry_on_timeout": False,
    }


def _watched(address: Address, timeout_s: float | None, max_connections: int) -> Redis:
    """Return a client of the master that the Sentinels name, asked anew for each connection and every second."""
    make: Any = Sentinel
    of_these = of_sentinels(address)
    sentinel = make(address.hosts, sentinel_kwargs={**of_these, **_settings(COMMAND_TIMEOUT_S)}, **of_master(address))
    client: Redis = sentinel.master_for(
        address.service, connection_pool_class=MasterPool, asked=(address.hosts, *sorted(of_these.items())),
        **_settings(timeout_s), max_connections=max_connections,
    )  # fmt: skip
    return telling_of_cuts(client)


async def ask(redis: Redis, *command: str | bytes | int) -> Any:
    """Send one command and return its reply as the driver parses it. (The driver's own methods are typed for both its faces.)"""
    execute: Any = redis.execute_command
    return await execute(*command)


async def servers(redis: Redis, *, replicas: bool = False) -> list[Redis]:
    """Return a client of each server that takes writes: one, or the masters of a cluster.

    Args:
        replicas: those of a cluster, too.
    """
    if isinstance(redis, ClusterClient):
        return await (redis.nodes() if replicas else redis.masters())
    return [redis]


def is_cluster(redis: Redis) -> bool:
    """Whether a client speaks to a cluster: then one command can't read streams of several shards."""
    return isinstance(redis, ClusterClient)


async def owner(redis: Redis, key: str) -> Redis:
    """Return a client of the server that has a key: for commands without a key that must follow others to it."""
    return await redis.client_for(key) if isinstance(redis, ClusterClient) else redis


async def connect_to_slot(url: str, key: str) -> Redis:
    """Return a client of the one server that has a key now, for those who know nothing of clusters.

    Raises:
        ConfigurationError: the URL can't be used.
        redis.exceptions.ConnectionError: no node of the cluster answers.
    """
    redis = connect(url)
    if not isinstance(redis, ClusterClient):
        return redis
    client = await redis.client_for(key)
    await redis.connection_pool.disconnect()
    return client


async def check_server(redis: Redis) -> tuple[int, ...]:
    """Return the server's version; of a cluster the oldest one of its masters that answer.

    Raises:
        ConfigurationError: it can't be reached or refuses us, or is older than 6.2.
    """
    try:
        told, _ = await ask_those_there(server.info("server") for server in await servers(redis))
        versions = [info["redis_version"] for info in told]
    except (RedisError, OSError) as lost:
        raise ConfigurationError(
            f"Redis can't be reached or refuses the connection ({lost}); is it running, and is EXOSPHERE_REDIS_URL right?"
        ) from None
    version, text = min((tuple(int(part) for part in str(text).split(".")[:3]), text) for text in versions)
    if version < (6, 2):
        raise ConfigurationError(f"Redis {text} is too old; 6.2 or later is needed")
    return version


def connect_sync(url: str, *, timeout_s: float = COMMAND_TIMEOUT_S) -> BlockingRedis | BlockingCluster:
    """Return a client for a thread without an event loop. It connects at the first command.

    Args:
        timeout_s: how long a command or connecting may take.

    Raises:
        ConfigurationError: the URL can't be used.
    """
    address = read_address(url)
    timeouts: dict[str, Any] = {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s}

    def client_of(one: str) -> BlockingRedis:
        client: BlockingRedis = BlockingRedis.from_url(one, **timeouts)
        return client

    try:
        if address.kind is Kind.CLUSTER:
            return BlockingCluster(
                [Node(*host) for host in address.hosts], lambda node: client_of(address.url_of(*node))
            )
        if address.kind is Kind.SENTINEL:
            make: Any = BlockingSentinel
            watched = make(address.hosts, sentinel_kwargs={**of_sentinels(address), **timeouts}, **of_master(address))
            master: BlockingRedis = watched.master_for(address.service, **timeouts)
            return master
        return client_of(url)
    except ValueError as bad:
        raise ConfigurationError(f"the Redis URL (EXOSPHERE_REDIS_URL) can't be used: {bad}") from None
