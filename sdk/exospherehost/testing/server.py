"""Fake Redis servers that are used again: each knows the scripts, compiled, which takes longer than a whole play."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import fakeredis

from exosphere_core.store.connection import Redis, ask

#: Servers that nobody uses now.
_idle: list[fakeredis.FakeServer] = []


class _Compiled:
    """A Lua that compiles each script once, and collects its garbage when it wants to, not after each script."""

    def __init__(self, lua: Any) -> None:
        self._lua = lua
        self._functions: dict[bytes, Any] = {}

    def execute(self, script: bytes | str) -> Any:
        if script == "collectgarbage()":
            return None
        text = script.encode() if isinstance(script, str) else script
        function = self._functions.get(text)
        if function is None:
            function = self._functions[text] = self._lua.compile(text)
        return function()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lua, name)


@asynccontextmanager
async def fake_redis() -> AsyncIterator[Redis]:
    """Give a client of an empty server that nobody else uses meanwhile."""
    server = _idle.pop() if _idle else fakeredis.FakeServer()
    redis = fakeredis.FakeAsyncRedis(server=server)
    try:
        await redis.flushall()
        if not hasattr(server, "_lua_runtime"):
            await ask(redis, "EVAL", "return 1", 0)
            # Kept on the server by fakeredis; where a later one keeps it elsewhere, plays only become slower.
            if lua := getattr(server, "_lua_runtime", None):
                prepared: Any = server
                prepared._lua_runtime = _Compiled(lua)
        yield redis
    finally:
        await redis.aclose()
        _idle.append(server)
