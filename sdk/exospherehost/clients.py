"""HTTP clients, one per running event loop, so that one `StateManager` serves several `asyncio.run` calls."""

import asyncio
from collections.abc import AsyncGenerator

from exosphere_core.access import Access
from exosphere_core.client import ApiClient


class ClientPerLoop:
    """Gives each event loop a client of its own, which is closed when that loop shuts down.

    Connections belong to the loop that opened them: used from another one they hang
    or raise, and left behind they leak.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._kept: dict[asyncio.AbstractEventLoop, tuple[ApiClient, AsyncGenerator[None]]] = {}

    async def get(self) -> ApiClient:
        """Return the running loop's client; made at the first call in a loop."""
        loop = asyncio.get_running_loop()
        kept = self._kept.get(loop)
        if kept is None:
            for ended in [known for known in self._kept if known.is_closed()]:
                self._kept.pop(ended, None)
            client = ApiClient(self._access.uri, self._access.key)
            kept = self._kept[loop] = client, _closing_with_the_loop(client)
            await anext(kept[1])
        return kept[0]

    async def aclose(self) -> None:
        """Close the running loop's client, if it has one. A later call opens a new one."""
        kept = self._kept.pop(asyncio.get_running_loop(), None)
        if kept is not None:
            await kept[1].aclose()


async def _closing_with_the_loop(client: ApiClient) -> AsyncGenerator[None]:
    """Close the client when this generator is closed.

    A loop closes every async generator that was begun in it before it ends itself
    (`shutdown_asyncgens`, a part of `asyncio.run`) and when one is garbage collected:
    the one hook by which a library learns of the end of a loop that it does not own.
    """
    try:
        yield
    finally:
        await client.aclose()
