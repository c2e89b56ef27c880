"""What stands in place of a runtime's threads, in virtual time."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

import exosphere_worker.link
import exosphere_worker.session
from exosphere_worker.heartbeat import Heartbeat


class VirtualHeartbeat(Heartbeat):
    """The heartbeat, one turn of its loop at a time, in virtual time in place of a thread."""

    _beating: "asyncio.Task[None] | None" = None
    _now: Any

    def __init__(self, *how: Any) -> None:
        super().__init__(*how)
        self._now = _Bell(self._turned)

    def start(self) -> None:
        self._beating = asyncio.get_running_loop().create_task(self._beats())

    def stop(self) -> None:
        if self._beating is not None:
            self._beating.cancel()
        self._redis.close()

    async def _beats(self) -> None:
        self._now.pause_s = self._every_s
        while True:
            await self._now.rings()
            self._stopped = False
            self._run()

    def _turned(self) -> None:
        self._stopped = True


class _Bell:
    """In place of the event that the heartbeat's thread waits for: lets its loop make one turn, and keeps the pause after it."""

    def __init__(self, turned: Callable[[], None]) -> None:
        self._turned = turned
        self._set = asyncio.Event()
        self._first = True
        self.pause_s = 0.0

    async def rings(self) -> None:
        """Wait as long as the last turn wanted, or until somebody wants another one."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.pause_s):
                await self._set.wait()
        self._first = True

    def set(self) -> None:
        self._set.set()

    def clear(self) -> None:
        self._set.clear()

    def wait(self, pause_s: float) -> None:
        if not self._first:
            self.pause_s = pause_s
            self._turned()
        self._first = False


class _NoLoopWatch:
    """In place of the thread that looks whether the loop runs: virtual time stands still whenever anything runs."""

    def __init__(self, *_: Any) -> None:
        return

    def start(self) -> None:
        return

    def stop(self) -> None:
        return


@contextmanager
def staged() -> Iterator[None]:
    """Runtimes have a heartbeat in virtual time, and no other threads."""
    with (
        patch.object(exosphere_worker.link, "Heartbeat", VirtualHeartbeat),
        patch.object(exosphere_worker.session, "LoopWatch", _NoLoopWatch),
    ):
        yield
