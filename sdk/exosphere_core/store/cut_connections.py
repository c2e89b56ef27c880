"""A connection that is closed while a command is on its way to it counts as lost, whoever closes it and however the event loop calls that."""

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

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        rest: Any = super()
        try:
            await rest.send_packed_command(command, check_health=check_health)
        except RuntimeError as closed:
            # So uvloop calls a transport that is closing: the server reset it, even while the driver greets it.
            raise ConnectionError(f"the connection was closed: {closed}") from None


def telling_of_cuts(client: "Redis") -> "Redis":
    """Have a client's connections raise `ConnectionError` in that case, and return the client."""
    pool: Any = client.connection_pool
    pool.connection_class = _telling(pool.connection_class)
    return client


@cache
def _telling(kind: type[Any]) -> type[Any]:
    return type(kind.__name__, (_CutWhileWriting, kind), {})
