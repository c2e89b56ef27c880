"""Many commands to one server in one write, their replies read in order."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from hiredis import pack_command
from redis.asyncio import Redis
from redis.exceptions import ConnectionError, ReadOnlyError, ResponseError, TimeoutError

from exosphere_core.store.replies import is_fit, replies_of

#: A command that takes longer than this has lost its server, s.
COMMAND_TIMEOUT_S: Final = 5.0

#: A command: its name and arguments.
Command = tuple[str | bytes | int, ...]

#: The stub of the driver's packer knows tuples of one element only.
_pack: Callable[[Command], bytes] = cast(Any, pack_command)

#: A write lasts as long as its commands do; this is added for each, in s.
_PER_COMMAND_S: Final = 0.01


async def send(redis: "Redis", commands: Sequence[Command], wait_s: float = 0.0) -> list[Any]:
    """Send commands to the server of a client and return one reply each; one that was refused gives its `ResponseError`.

    Args:
        wait_s: how long the commands themselves may wait, in s.

    Raises:
        redis.exceptions.ConnectionError, TimeoutError: nothing is known about any of the commands. A server that has
            become a replica counts as lost: its connections are dropped, so that the next ones go to the master.
    """
    if not commands:
        return []
    packed = b"".join(map(_pack, commands))
    timeout_s = COMMAND_TIMEOUT_S + len(commands) * _PER_COMMAND_S + wait_s
    connection = await _connection(redis)
    try:
        if (taker := replies_of(connection, len(commands))) is not None:
            replies = await taker.of(packed, timeout_s)
        else:
            replies = await _by_driver(connection, packed, len(commands), timeout_s)
        for reply in replies:
            if isinstance(reply, ResponseError) and _is_replica(reply):
                raise ConnectionError("the server is a replica now")
    except BaseException as fault:
        # Replies that were not read must not be taken for those of the next write.
        await connection.disconnect(nowait=True)
        if isinstance(fault, asyncio.TimeoutError):
            raise TimeoutError("Redis did not answer in time") from None
        if isinstance(fault, ConnectionError):
            await redis.connection_pool.disconnect(inuse_connections=False)
        raise
    finally:
        await redis.connection_pool.release(connection)
    return replies


def _is_replica(refused: ResponseError) -> bool:
    """Whether it was refused because the server is no master any more. Before Redis 7 a script's error tells so in its text only."""
    text = str(refused)
    return isinstance(refused, ReadOnlyError) or "-READONLY " in text or text.startswith("UNBLOCKED ")


async def _by_driver(connection: Any, packed: bytes, count: int, timeout_s: float) -> list[Any]:
    replies: list[Any] = []
    async with asyncio.timeout(timeout_s):
        await connection.send_packed_command(packed, check_health=False)
        while len(replies) < count:
            try:
                replies.append(await connection.read_response())
            except ResponseError as refused:
                replies.append(refused)
    return replies


async def _connection(redis: "Redis") -> Any:
    """Take a connection from the client's pool.

    The pool's own way looks for bytes that nobody read each time, which takes a turn of the event loop: a tenth
    of a hop. A client for bursts never leaves any, so it does without; one whose server closed it fails at
    the first write, as any connection may. Of another client, one that is seen to be fit goes the same way.
    """
    pool: Any = redis.connection_pool
    connection = pool.get_available_connection()
    if pool.connection_kwargs.get("socket_timeout") is not None:
        if is_fit(connection):
            return connection
        await pool.release(connection)
        return await pool.get_connection()
    if connection.is_connected:
        return connection
    try:
        # A server that stands still lets us connect, and then does not answer the driver's greeting.
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            await connection.connect()
    except BaseException as fault:
        await connection.disconnect(nowait=True)
        await pool.release(connection)
        if isinstance(fault, asyncio.TimeoutError):
            raise TimeoutError("Redis did not answer in time") from None
        raise
    return connection
