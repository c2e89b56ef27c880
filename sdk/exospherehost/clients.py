"""Clients, one per running event loop, so that one `StateManager` or `Producer` serves several `asyncio.run` calls."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Generic, Protocol, TypeVar

from exosphere_core.access import Access
from exosphere_core.client import ApiClient


class Client(Protocol):
    """Holds connections of one event loop."""

    async def aclose(self) -> None:
        """Close them."""


Kind = TypeVar("Kind", bound=Client)


class PerLoop(Generic[Kind]):
    """Gives each event loop a client of its own, which is closed when that loop shuts down.

    Connections belong to the loop that opened them: used from another one they hang
    or raise, and left behind they leak.

    Args:
        make: makes a client for the running loop.
    """

    def __init__(self, make: Callable[[], Kind]) -> None:
        self._make = make
        self._kept: dict[asyncio.AbstractEventLoop, tuple[Kind, AsyncGenerator[None]]] = {}

    async def get(self) -> Kind:
        """Return the running loop's client; made at the first call in a loop."""
        loop = asyncio.get_running_loop()
        kept = self._kept.get(loop)
        if kept is None:
            for ended in [known for known in self._kept if known.is_closed()]:
                self._kept.pop(ended, None)
            client = self._make()
            kept = self._kept[loop] = client, _closing_with_the_loop(client)
            await anext(kept[1])
        return kept[0]

    async def aclose(self) -> None:
        """Close the running loop's client, if it has one. A later call opens a new one."""
        kept = self._kept.pop(asyncio.get_running_loop(), None)
        if kept is not None:
            await kept[1].aclose()


def api_clients(access: Access) -> PerLoop[ApiClient]:
    """Give each loop a client of the state manager."""
    return PerLoop(lambda: ApiClient(access.uri, access.key))


async def _closing_with_the_loop(client: Client) -> AsyncGenerator[None]:
    """Close the client when this generator is closed.

    A loop closes every async generator that was begun in it before it ends itself
    (`shutdown_asyncgens`, a part of `asyncio.run`) and when one is garbage collected:
    the one hook by which a library learns of the end of a loop that it does not own.
    """
    try:
        yield
    finally:
        await client.aclose()
