"""Tells waiters that a run has ended, or that something is told of one that is watched, whichever state manager did it."""

import asyncio
from typing import Any

from exosphere_core.keys import RUN_ENDED, RUN_TOLD
from exosphere_core.store.connection import BLOCK_MS, connect_blocking
from exosphere_orchestrator.engine.agent import Agent
from exosphere_orchestrator.engine.context import EngineContext


class RunEnds(Agent):
    """Listens to the channels of ended runs and of events."""

    def __init__(self, context: EngineContext) -> None:
        super().__init__(context, "listener of run ends")
        self._redis = connect_blocking(context.url)
        self._channel: Any = None
        #: The server was asked to show that it is there, and has said nothing since.
        self._asked = False
        #: By what they wait for: the id of a run for its end, the key of its events for the next one.
        self._waiters: dict[str, list[asyncio.Event]] = {}
        self._loop = asyncio.get_running_loop()
        #: Nobody is to wait any more.
        self.released = False

    def release(self) -> None:
        """Let all who wait go, from whatever thread: they read the run as it is."""
        self.released = True
        self._loop.call_soon_threadsafe(self._wake)

    def expect(self, name: str) -> asyncio.Event:
        """Return an event that is set when it happens, or when a notice of it may have been missed.

        Ask before reading: then nothing can fall between the two.

        Args:
            name: id of a run, for its end; key of its events, for a new one.
        """
        event = asyncio.Event()
        self._waiters.setdefault(name, []).append(event)
        return event

    def forget(self, name: str, event: asyncio.Event) -> None:
        """The waiter went away."""
        waiting = self._waiters.get(name, [])
        if event in waiting:
            waiting.remove(event)
        if not waiting:
            self._waiters.pop(name, None)

    async def run_once(self) -> None:
        if self._channel is None:
            self._channel = self._redis.pubsub()
            await self._channel.subscribe(RUN_ENDED, RUN_TOLD)
            self._asked = False
        message = await self._channel.get_message(timeout=BLOCK_MS / 1000)
        if message is None:
            # No run may have ended, or the server has stopped: a listener can't tell by waiting.
            if self._asked:
                raise TimeoutError("the server does not answer")
            self._asked = True
            await self._channel.ping()
            return
        self._asked = False
        if message["type"] == "message":
            for event in self._waiters.get(message["data"].decode(errors="replace"), ()):
                event.set()
        elif message["type"] == "subscribe":
            # The subscription holds from here on. Runs may have ended before: everybody looks again.
            self._wake()

    def _wake(self) -> None:
        for waiting in self._waiters.values():
            for event in waiting:
                event.set()

    async def recover(self) -> None:
        """The connection was lost: subscribe anew."""
        if self._channel is not None:
            await self._channel.aclose()
            self._channel = None
        await self._redis.connection_pool.disconnect()

    async def close(self) -> None:
        if self._channel is not None:
            await self._channel.aclose()
        await self._redis.aclose()
