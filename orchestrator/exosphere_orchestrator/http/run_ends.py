"""Tells waiters that a run has ended, or that something is told of one that is watched, whichever state manager did it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from exosphere_core.ending import end
from exosphere_core.keys import RUN_ENDED, RUN_TOLD
from exosphere_core.store.connection import BLOCK_MS, connect_blocking
from exosphere_core.store.faults import FAULTS
from exosphere_orchestrator.engine.agent import Agent
from exosphere_orchestrator.engine.context import EngineContext, logger

#: Takes a message of a channel; None when messages may have been missed, or nobody is to wait any more.
Listener = Callable[[bytes | None], None]

#: What is listened to for those who wait.
_FOR_WAITERS: Final = (RUN_ENDED, RUN_TOLD)

#: How long after the last of them went away, in s: the next one often follows soon.
_LINGER_S: Final = 10.0


class RunEnds(Agent):
    """Listens to the channels of ended runs and of events while somebody waits for one, and to those that somebody here asked for.

    Each run that ends says so on its channel, to every state manager that listens. To hear of runs that nobody waits for would
    take a good part of its time.
    """

    def __init__(self, context: EngineContext) -> None:
        super().__init__(context, "listener of run ends")
        self._redis = connect_blocking(context.url)
        self._channel: Any = None
        #: The server was asked to show that it is there, and has said nothing since.
        self._asked = False
        #: By what they wait for: the id of a run for its end, the key of its events for the next one.
        self._waiters: dict[str, list[asyncio.Event]] = {}
        #: Leaves the channels of those who wait, if nobody comes.
        self._parting: asyncio.TimerHandle | None = None
        #: Channel → who listens.
        self._listeners: dict[str, Listener] = {}
        #: Channel that was subscribed to → whether Redis has said so.
        self._subscribed: dict[str, bool] = {}
        #: Subscriptions change one after the other: the driver would make two connections.
        self._changing = asyncio.Lock()
        #: Changes of subscriptions that are under way and that nobody waits for.
        self._changes: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        #: Nobody is to wait any more.
        self.released = False

    def release(self) -> None:
        """Let all who wait go, from whatever thread: they read the run as it is."""
        self.released = True
        self._loop.call_soon_threadsafe(self._wake)

    def expect(self, name: str) -> asyncio.Event:
        """Return an event that is set when it happens, or when a notice of it may have been missed.

        Ask before reading: then nothing can fall between the two. It is set, too, when the channel was not listened to before
        and is now.

        Args:
            name: id of a run, for its end; key of its events, for a new one.
        """
        event = asyncio.Event()
        self._waiters.setdefault(name, []).append(event)
        if self._parting is not None:
            self._parting.cancel()
            self._parting = None
        for channel in _FOR_WAITERS:
            if channel not in self._listeners:
                self._listeners[channel] = self._happened
                self._change(self.listen(channel, self._happened))
        return event

    def forget(self, name: str, event: asyncio.Event) -> None:
        """The waiter went away."""
        waiting = self._waiters.get(name, [])
        if event in waiting:
            waiting.remove(event)
        if not waiting:
            self._waiters.pop(name, None)
        if not self._waiters and self._parting is None:
            self._parting = self._loop.call_later(_LINGER_S, self._part)

    def _part(self) -> None:
        self._parting = None
        for channel in _FOR_WAITERS:
            self.unlisten(channel)

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
        self._change(self._leave(channel))

    def _change(self, change: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(change)
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)

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
                await self._channel.connect()
                self._subscribed = dict.fromkeys(self._listeners, False)
                if self._subscribed:
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
        elif message["type"] == "subscribe" and channel in self._subscribed:
            self._subscribed[channel] = True
            # The subscription holds from here on. What was told before may have been missed: everybody looks again.
            if listener := self._listeners.get(channel):
                listener(None)

    def _happened(self, message: bytes | None) -> None:
        told = self._waiters.values() if message is None else [self._waiters.get(message.decode(errors="replace"), ())]
        for waiting in told:
            for event in waiting:
                event.set()

    def _wake(self) -> None:
        for listener in list(self._listeners.values()):
            listener(None)

    async def recover(self) -> None:
        """The connection was lost: subscribe anew."""
        async with self._changing:
            if self._channel is not None:
                self._subscribed.clear()
                await self._channel.aclose()
                self._channel = None
            await self._redis.connection_pool.disconnect()

    async def close(self) -> None:
        if self._parting is not None:
            self._parting.cancel()
        await end(*self._changes)
        # Whoever leaves from now on finds nothing to leave: the driver would connect anew for it.
        self._subscribed.clear()
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.aclose()
        await self._redis.aclose()
