"""A connection that another task closes while a command is on its way to it counts as lost, as one that the server closed."""

from functools import cache
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError


class _CutWhileWriting:
    """Part of a connection of the driver, which takes for granted that nobody closes it between its look and its write."""

    _writer: Any

    async def _send_packed_command(self, command: Any) -> None:
        if self._writer is None:
            raise ConnectionError("the connection was closed by another task")
        rest: Any = super()
        await rest._send_packed_command(command)


def telling_of_cuts(client: "Redis") -> "Redis":
    """Have a client's connections raise `ConnectionError` in that case, and return the client."""
    pool: Any = client.connection_pool
    pool.connection_class = _telling(pool.connection_class)
    return client


@cache
def _telling(kind: type[Any]) -> type[Any]:
    return type(kind.__name__, (_CutWhileWriting, kind), {})
