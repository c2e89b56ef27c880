"""Connections to Redis, each with the time-outs that its use needs."""

from typing import Any

from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from exosphere_core.errors import ConfigurationError

__all__ = [
    "BLOCK_MS",
    "COMMAND_TIMEOUT_S",
    "Redis",
    "ask",
    "check_server",
    "connect",
    "connect_blocking",
    "connect_sync",
    "connect_untimed",
]

#: A command that takes longer than this has lost its server.
COMMAND_TIMEOUT_S = 5.0

#: How long a blocking read waits for something to come.
BLOCK_MS = 5_000

#: A blocking read that is silent for this long after its BLOCK has lost its server.
_BLOCK_GRACE_S = 5.0


def connect(url: str, *, max_connections: int = 64) -> Redis:
    """Return a client for ordinary commands. It connects at the first command.

    No command is ever sent twice by the client itself: a repeat is only right where the caller knows that it is.

    Raises:
        ConfigurationError: the URL can't be used.
    """
    return _client(url, COMMAND_TIMEOUT_S, max_connections)


def connect_untimed(url: str, *, max_connections: int = 16) -> Redis:
    """Return a client for bursts, which have one time-out for all their replies."""
    return _client(url, None, max_connections)


def connect_blocking(url: str) -> Redis:
    """Return a client for listening: its reads wait for up to `BLOCK_MS`."""
    return _client(url, BLOCK_MS / 1000 + _BLOCK_GRACE_S, 2)


def _client(url: str, timeout_s: float | None, max_connections: int) -> Redis:
    try:
        client: Redis = Redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=COMMAND_TIMEOUT_S,
            health_check_interval=0,
            max_connections=max_connections,
            retry=Retry(NoBackoff(), 0),
            retry_on_timeout=False,
        )
    except ValueError as bad:
        raise ConfigurationError(f"the Redis URL can't be used: {bad}") from None
    return client


async def ask(redis: Redis, *command: str | bytes | int) -> Any:
    """Send one command and return its reply as the driver parses it. (The driver's own methods are typed for both its faces.)"""
    execute: Any = redis.execute_command
    return await execute(*command)


async def check_server(redis: Redis) -> tuple[int, ...]:
    """Return the server's version.

    Raises:
        ConfigurationError: it can't be reached or refuses us, or is older than 6.2.
    """
    try:
        info = await redis.info("server")
    except (RedisError, OSError) as lost:
        raise ConfigurationError(
            f"Redis can't be reached or refuses the connection ({lost}); is it running, and is EXOSPHERE_REDIS_URL right?"
        ) from None
    version = tuple(int(part) for part in str(info["redis_version"]).split(".")[:3])
    if version < (6, 2):
        raise ConfigurationError(f"Redis {info['redis_version']} is too old; 6.2 or later is needed")
    return version


def connect_sync(url: str) -> BlockingRedis:
    """Return a client for a thread without an event loop.

    Raises:
        ConfigurationError: the URL can't be used.
    """
    try:
        client: BlockingRedis = BlockingRedis.from_url(
            url, socket_timeout=COMMAND_TIMEOUT_S, socket_connect_timeout=COMMAND_TIMEOUT_S
        )
    except ValueError as bad:
        raise ConfigurationError(f"the Redis URL can't be used: {bad}") from None
    return client
