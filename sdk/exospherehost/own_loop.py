"""An event loop in a thread of its own, for callers that have none or must not wait in theirs."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import suppress
from typing import Any, TypeVar

Result = TypeVar("Result")


class OwnLoop:
    """Runs coroutines to their end while the caller waits. `close` ends the thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._work, name="exosphere-calls", daemon=True)
        self._thread.start()

    def wait_for(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Return what a coroutine returns, or raise what it raises. An interrupt of the caller cancels it."""
        if self._loop.is_closed() or not self._thread.is_alive():
            coroutine.close()
            # A fork takes no thread along: the caller would wait for good.
            raise RuntimeError(
                "it was closed" if self._loop.is_closed() else "it was made before this process forked; make another"
            )
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def each_of(self, items: AsyncGenerator[Result, None]) -> Iterator[Result]:
        """Give what an async generator gives; it is closed when the caller goes no further."""
        try:
            while True:
                try:
                    item = self.wait_for(_next(items))
                except StopAsyncIteration:
                    return
                yield item
        finally:
            # After an interrupt it may be ending yet; if not, the end of the loop closes it.
            with suppress(RuntimeError):
                self.wait_for(_closed(items))

    def close(self) -> None:
        """End the thread; what is under way is cancelled."""
        if not self._loop.is_closed() and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _work(self) -> None:
        # A runner ends what is left, async generators and threads included, before it closes the loop.
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.get_loop().run_forever()


async def _closed(items: AsyncGenerator[Any, None]) -> None:
    await items.aclose()


async def _next(items: AsyncGenerator[Result, None]) -> Result:
    return await anext(items)
