"""Holding one call up, so that something else happens in between."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest


class Held:
    """Holds a call up until something else has happened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        self._called, self._released = asyncio.Event(), asyncio.Event()
        call = getattr(owner, name)

        async def late(*arguments: Any, **more: Any) -> Any:
            self._called.set()
            await self._released.wait()
            return await call(*arguments, **more)

        monkeypatch.setattr(owner, name, late)

    async def until(self, happens: Callable[[], Awaitable[Any]]) -> None:
        """Wait for the call, let something happen, then let the call go on."""
        await asyncio.wait_for(self._called.wait(), 20)
        await happens()
        self._released.set()
