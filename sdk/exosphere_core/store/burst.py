"""Many commands in one write, their replies read in order: the path of every state.

The driver's own pipeline packs commands in Python and sets a timer for each reply, which costs more
than what Redis does with them. A burst is packed in C and has one timer.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

from hiredis import pack_command
from redis._parsers.hiredis import NOT_ENOUGH_DATA, _AsyncHiredisParser
from redis.asyncio import Redis
from redis.exceptions import ConnectionError, ResponseError, TimeoutError

from exosphere_core.store.connection import COMMAND_TIMEOUT_S

#: A command: its name and arguments.
Command = tuple[str | bytes | int, ...]

#: The stub of the driver's packer knows tuples of one element only.
_pack: Callable[[Command], bytes] = cast(Any, pack_command)

#: A burst lasts as long as its commands do; this is added for each, in s.
_PER_COMMAND_S = 0.01


async def burst(redis: "Redis", commands: Sequence[Command], wait_s: float = 0.0) -> list[Any]:
    """Send commands and return one reply each; one that Redis refused gives its `ResponseError`.

    Args:
        wait_s: how long the commands themselves may wait, in s.
        redis: best a client of `connect_untimed`; another one works, with a timer for each reply.

    Raises:
        redis.exceptions.ConnectionError, TimeoutError: nothing is known about any of the commands.
    """
    if not commands:
        return []
    connection = await _connection(redis)
    replies: list[Any] = []
    try:
        async with asyncio.timeout(COMMAND_TIMEOUT_S + len(commands) * _PER_COMMAND_S + wait_s):
            await connection.send_packed_command(b"".join(map(_pack, commands)), check_health=False)
            while len(replies) < len(commands):
                try:
                    replies.append(await connection.read_response())
                except ResponseError as refused:
                    replies.append(refused)
                _drain(connection, replies, len(commands))
    except BaseException as fault:
        # Replies that were not read must not be taken for those of the next burst.
        await connection.disconnect(nowait=True)
        if isinstance(fault, asyncio.TimeoutError):
            raise TimeoutError("Redis did not answer in time") from None
        raise
    finally:
        await redis.connection_pool.release(connection)
    return replies


def _drain(connection: Any, replies: list[Any], count: int) -> None:
    """Take the replies that came along with the last one: waiting for each costs more than what Redis does for it."""
    parser = getattr(connection, "_parser", None)
    if not isinstance(parser, _AsyncHiredisParser):
        return
    take: Callable[[], Any] = cast(Any, parser)._reader.gets
    while len(replies) < count and (reply := take()) is not NOT_ENOUGH_DATA:
        if isinstance(reply, ConnectionError):
            raise reply
        replies.append(reply)


async def _connection(redis: "Redis") -> Any:
    """Take a connection from the client's pool.

    The pool's own way looks for bytes that nobody read each time, which takes a turn of the event loop: a tenth
    of a hop. A client for bursts never leaves any, so it does without; one whose server closed it fails at
    the first write, as any connection may.
    """
    pool: Any = redis.connection_pool
    if pool.connection_kwargs.get("socket_timeout") is not None:
        return await pool.get_connection()
    connection = pool.get_available_connection()
    try:
        await connection.connect()
    except BaseException:
        await pool.release(connection)
        raise
    return connection


async def transaction(redis: "Redis", commands: Sequence[Command]) -> list[Any]:
    """Send commands that take effect together or not at all, and return their replies.

    Raises:
        redis.exceptions.ResponseError: Redis refused one, such as for want of memory: none took effect.
        redis.exceptions.ConnectionError, TimeoutError: nothing is known.
    """
    *queued, executed = await burst(redis, [("MULTI",), *commands, ("EXEC",)])
    # A command that was refused when it was queued says why; EXEC then says only that there was one.
    for reply in (*queued, *([executed] if isinstance(executed, ResponseError) else executed)):
        if isinstance(reply, ResponseError):
            raise reply
    replies: list[Any] = executed
    return replies
