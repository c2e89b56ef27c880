"""Connections to the master that Sentinels name, which leave it as soon as they name another one."""

import asyncio
import contextlib
import os
import socket
from typing import Any, Final

from redis.asyncio.sentinel import SentinelConnectionPool
from redis.exceptions import RedisError

#: How often the Sentinels are asked while the pool is used, in s.
LOOK_S: Final = 1.0


class MasterPool(SentinelConnectionPool):
    """Asks beside its work, too: a master that was replaced while it is well goes on to acknowledge for seconds what will be lost.

    Only when the Sentinels tell it that it is a replica does it refuse writes, and that is later than a runtime or a
    state manager could send again what it lost.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        begin: Any = super().__init__
        begin(*args, **options)
        #: How often another master was named. It may be the one before again, where a Sentinel was late.
        self.turns = 0
        self._looking: asyncio.Task[None] | None = None
        #: When they are asked next, on the clock of the event loop, in s.
        self._next = 0.0

    def get_available_connection(self) -> Any:
        """Take a connection; whether it still leads to the master is found out meanwhile."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._next and (self._looking is None or self._looking.done()):
            self._next = loop.time() + LOOK_S
            self._looking = loop.create_task(self._look())
        take: Any = super().get_available_connection
        return take()

    async def get_master_address(self) -> Any:
        """Ask the Sentinels. When they name another master, all connections end as if the old one had closed them: whoever uses
        one finds that Redis was lost, and sends again what may be."""
        address = await self.sentinel_manager.discover_master(self.service_name)
        if self.master_address not in (None, address):
            for connection in (*self._available_connections, *self._in_use_connections):
                _end(connection)
            self.turns += 1
        self.master_address = address
        return address

    async def _look(self) -> None:
        try:
            await self.get_master_address()
        except (RedisError, OSError):
            return  # whoever connects anew is told


def _end(connection: Any) -> None:
    """End a connection below its transport, which would take ill what is written to it once it is closed."""
    if not connection.is_connected:
        return
    found = connection._writer.get_extra_info("socket")
    if found is None:
        return  # TLS was broken off, and its transport has let go of the socket
    with contextlib.suppress(OSError):  # it was lost already
        number = os.dup(found.fileno())
        with socket.socket(fileno=number) as same:
            same.shutdown(socket.SHUT_RDWR)
