"""Tells waiters that a run has ended, or that something is told of one that is watched, whichever state manager did it."""

import asyncio
from collections.abc import Callable
from typing import Any

from exosphere_core.ending import end
from exosphere_core.keys import RUN_ENDED, RUN_TOLD
from exosphere_core.store.connection import BLOCK_MS, connect_blocking
from exosphere_core.store.faults import FAULTS
from exosphere_orchestrator.engine.agent import Agent
from exosphere_orchestrator.engine.context import EngineContext, logger

#: Takes a message of a channel; None when messages may have been missed, or nobody is to wait any more.
Listener = Callable[[bytes | None], None]


class RunEnds(Agent):
    """Listens to the channels of ended runs and of events, and to those that somebody here asked for."""

    def __init__(self, context: EngineContext) -> None:
        super().__init__(context, "listener of run ends")
        self._redis = connect_blocking(context.url)
        self._channel: Any = None
        #: The server was asked to show that it is there, and has said nothing since.
        self._asked = False
        #: By what they wait for: the id of a run for its end, the key of its events for the next one.
        self._waiters: dict[str, list[asyncio.Event]] = {}
        #: Channel → who listens.
        self._listeners: dict[str, Listener] = {}
        #: Channel that was subscribed to → whether Redis has said so.
        self._subscribed: dict[str, bool] = {}
        #: Subscriptions change one after the other: the driver would make two connections.
        self._changing = asyncio.Lock()
        self._leaving: set[asyncio.Task[None]] = set()
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

    async def listen(self, channel: str, listener: Listener) -> None:
        """Have a function called with each message of a channel, and with None each time that the subscription holds anew.

        A channel has one listener.
        """
        self._listeners[channel] = listener
        async with self._changing:
            if self._subscribed.get(channel):
                # Whoever listened before had just gone.
                listener(None)
            elif self._channel is not None and channel not in self._subscribed:
                self._subscribed[channel] = False
                try:
                    await self._channel.subscribe(channel)
                except FAULTS as fault:
                    # The connection is lost, and the agent subscribes to everything anew.
                    logger.debug("%s: %s can't be subscribed to yet: %s", self.name, channel, fault)

    def unlisten(self, channel: str) -> None:
        """Nobody listens to a channel any more."""
        self._listeners.pop(channel, None)
        task = asyncio.create_task(self._leave(channel))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _leave(self, channel: str) -> None:
        async with self._changing:
            # Somebody may have come again meanwhile.
            if channel not in self._listeners and self._subscribed.pop(channel, None) is not None:
                try:
                    await self._channel.unsubscribe(channel)
                except FAULTS as fault:
                    logger.debug("%s: %s can't be left: %s", self.name, channel, fault)

    async def run_once(self) -> None:
        if self._channel is None:
            async with self._changing:
                self._channel = self._redis.pubsub()
                self._subscribed = dict.fromkeys((RUN_ENDED, RUN_TOLD, *self._listeners), False)
                await self._channel.subscribe(*self._subscribed)
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
        if message["type"] == "pong":
            return
        channel = message["channel"].decode(errors="replace")
        if message["type"] == "message":
            if listener := self._listeners.get(channel):
                listener(message["data"])
                return
            for event in self._waiters.get(message["data"].decode(errors="replace"), ()):
                event.set()
        elif message["type"] == "subscribe" and channel in self._subscribed:
            self._subscribed[channel] = True
            # The subscription holds from here on. What was told before may have been missed: everybody looks again.
            if listener := self._listeners.get(channel):
                listener(None)
            else:
                self._wake_waiters()

    def _wake(self) -> None:
        self._wake_waiters()
        for listener in list(self._listeners.values()):
            listener(None)

    def _wake_waiters(self) -> None:
        for waiting in self._waiters.values():
            for event in waiting:
                event.set()

    async def recover(self) -> None:
        """The connection was lost: subscribe anew."""
        async with self._changing:
            if self._channel is not None:
                self._subscribed.clear()
                await self._channel.aclose()
                self._channel = None
            await self._redis.connection_pool.disconnect()

    async def close(self) -> None:
        await end(*self._leaving)
        if self._channel is not None:
            await self._channel.aclose()
        await self._redis.aclose()
