"""Takes reports off the streams of a shard: waits for them, or takes what is there; no more at once than fit; can be called off."""

from collections.abc import Sequence
from contextlib import suppress

from exosphere_core.keys import STATE_MANAGERS_GROUP
from exosphere_core.store import streams
from exosphere_core.store.burst import burst
from exosphere_core.store.connection import ask, connect_untimed, is_cluster
from exosphere_core.store.faults import FAULTS
from exosphere_core.store.streams import Entry
from exosphere_orchestrator.engine.context import EngineContext
from exosphere_orchestrator.engine.portion import Portion


class ReportReader:
    """A connection of its own that waits for reports, and another one that does not wait.

    Args:
        most: the most reports of one read.
        block_ms: how long a read waits.
    """

    def __init__(self, context: EngineContext, stream_names: Sequence[str], most: int, block_ms: int) -> None:
        self._context = context
        self._streams = stream_names
        self._block_ms = block_ms
        self._portion = Portion(most)
        self._redis = connect_untimed(context.url, max_connections=2)
        self._reading = False
        #: What Redis calls the connection; None when it is new.
        self._client: int | None = None

    async def read(self) -> list[Entry]:
        """Take reports that nobody has; wait for the first."""
        # On a cluster a number means something to one node only; there a read is waited for.
        if self._client is None and not is_cluster(self._redis):
            (told,) = await burst(self._redis, [("CLIENT", "ID")])
            # 0: this user may not ask, so that a stop waits for the end of a read.
            self._client = told if isinstance(told, int) else 0
        self._reading = True
        try:
            return await self._take(self._block_ms)
        finally:
            self._reading = False

    async def read_at_once(self) -> list[Entry]:
        """Take reports that nobody has and that are there, which may be none."""
        return await self._take(None)

    async def _take(self, block_ms: int | None) -> list[Entry]:
        entries = await streams.read_new(
            self._redis, STATE_MANAGERS_GROUP, self._context.consumer, self._streams, self._portion.count, block_ms
        )
        self._portion.note(entries)
        return entries

    async def call_off(self) -> None:
        """Have Redis end a read that waits. May be asked again: the read may be on its way to Redis still."""
        if self._reading and self._client:
            with suppress(*FAULTS):
                await ask(self._context.redis, "CLIENT", "UNBLOCK", self._client)

    async def renew(self) -> None:
        """Read over a new connection from now on."""
        await self._redis.connection_pool.disconnect()
        self._client = None

    async def close(self) -> None:
        """Close the connection."""
        await self._redis.aclose()
