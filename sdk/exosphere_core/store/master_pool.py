"""Connections to the master that Sentinels name, which leave it as soon as they name another one."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Hashable
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakSet, ref

from redis.asyncio.sentinel import SentinelConnectionPool
from redis.exceptions import RedisError

#: How often the Sentinels are asked while a pool is used, in s.
LOOK_S: Final = 1.0


class _Fellows:
    """Pools that ask the same Sentinels for the same master. They leave it together: else what one of them read on the new
    master could become of a script that another sends to the old one, or the other way round.
    """

    def __init__(self) -> None:
        self.pools: WeakSet[MasterPool] = WeakSet()
        #: Whose Sentinels are asked for all: they keep to one that answers, while another may know less.
        self._lead: ref[MasterPool] | None = None
        #: When they are asked next, on the clock of the event loop, in s.
        self.next = 0.0
        self.looking: asyncio.Task[None] | None = None

    def looked(self, _: "asyncio.Task[None]") -> None:
        """Forget a look that is over: it would keep its event loop."""
        self.looking = None

    def sentinels_for(self, pool: "MasterPool") -> Any:
        """The Sentinels that all fellows ask."""
        lead = self._lead() if self._lead else None
        if lead is None:
            self._lead, lead = ref(pool), pool
        return lead.sentinel_manager


#: By event loop, then by service and Sentinels.
_FELLOWS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, _Fellows]]] = WeakKeyDictionary()


class MasterPool(SentinelConnectionPool):
    """Asks beside its work, too: a master that was replaced while it is well goes on to acknowledge for seconds what will be lost.

    Only when the Sentinels tell it that it is a replica does it refuse writes, and that is later than a runtime or a
    state manager could send again what it lost.

    Args:
        asked: which Sentinels these are, and how they are spoken to: one pool may ask for its fellows. One without has none.
    """

    def __init__(self, *args: Any, asked: Hashable = None, **options: Any) -> None:
        begin: Any = super().__init__
        begin(*args, **options)
        self._asked = (self.service_name, id(self) if asked is None else asked)
        #: How often another master was named. It may be the one before again, where a Sentinel was late.
        self.turns = 0

    def get_available_connection(self) -> Any:
        """Take a connection; whether it still leads to the master is found out meanwhile."""
        loop, fellows = asyncio.get_running_loop(), self._fellows()
        if loop.time() >= fellows.next and fellows.looking is None:
            fellows.next = loop.time() + LOOK_S
            fellows.looking = loop.create_task(self._look())
            fellows.looking.add_done_callback(fellows.looked)
        take: Any = super().get_available_connection
        return take()

    async def get_master_address(self) -> Any:
        """Ask the Sentinels. When they name another master, all connections end as if the old one had closed them, and those of
        all fellows: whoever uses one finds that Redis was lost, and sends again what may be."""
        fellows = self._fellows()
        address = await fellows.sentinels_for(self).discover_master(self.service_name)
        for pool in list(fellows.pools):
            pool.leave_for(address)
        self.master_address = address
        return address

    def leave_for(self, address: Any) -> None:
        """End the connections to any other master than this one."""
        if self.master_address in (None, address):
            return
        self.master_address = address
        for connection in (*self._available_connections, *self._in_use_connections):
            _end(connection)
        self.turns += 1

    def _fellows(self) -> _Fellows:
        fellows = _FELLOWS.setdefault(asyncio.get_running_loop(), {}).setdefault(self._asked, _Fellows())
        fellows.pools.add(self)
        return fellows

    async def _look(self) -> None:
        # Whoever connects anew is told.
        with contextlib.suppress(RedisError, OSError):
            await self.get_master_address()


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
