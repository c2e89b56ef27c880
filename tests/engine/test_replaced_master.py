"""A master that was replaced while it is well: it takes writes still, and they will be lost."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.sentinel import Sentinel
from redis.exceptions import ConnectionError

from exosphere_core.store.connection import connect
from exosphere_core.store.master_pool import MasterPool
from redis_servers import PATIENCE_S, RedisServer


class Sentinels:
    """Name the master that the test wants."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def discover_master(self, service: str) -> tuple[str, int]:
        return "127.0.0.1", self.port


def client_of(sentinels: Any, **options: Any) -> Redis:
    return Redis(connection_pool=MasterPool("work", sentinels, **options))


def test_writes_go_to_the_new_master_although_the_old_one_takes_them(tmp_path: Path) -> None:
    async def scene(old: RedisServer, new: RedisServer) -> None:
        sentinels = Sentinels(old.port)
        redis = client_of(sentinels)
        await redis.set("written", "before")
        sentinels.port = new.port
        async with asyncio.timeout(PATIENCE_S):
            while new.ask("GET", "written") is None:
                # One that is under way as the old master is left fails.
                with contextlib.suppress(ConnectionError):
                    await redis.set("written", "after")
        assert old.ask("ROLE")[0] == b"master", "the old one refused: the test meets nothing"
        await redis.connection_pool.disconnect()

    with RedisServer(tmp_path / "old") as old, RedisServer(tmp_path / "new") as new:
        asyncio.run(scene(old, new))


def test_who_waits_at_the_old_master_is_told_that_it_is_lost(tmp_path: Path) -> None:
    async def scene(old: RedisServer, new: RedisServer) -> None:
        sentinels = Sentinels(old.port)
        redis = client_of(sentinels)
        waiting = asyncio.create_task(redis.blpop(["queue"], 0))
        await redis.ping()
        sentinels.port = new.port
        async with asyncio.timeout(PATIENCE_S):
            while not waiting.done():
                with contextlib.suppress(ConnectionError):
                    await redis.ping()
                await asyncio.sleep(0)
        assert isinstance(waiting.exception(), ConnectionError)
        await redis.connection_pool.disconnect()

    with RedisServer(tmp_path / "old") as old, RedisServer(tmp_path / "new") as new:
        asyncio.run(scene(old, new))


def test_all_clients_of_the_same_sentinels_leave_the_old_master_at_once(tmp_path: Path) -> None:
    """What one of them reads on the new master can't become of a script that another sends to the old one."""

    async def scene(old: RedisServer, new: RedisServer) -> None:
        sentinels = Sentinels(old.port)
        first, second = (client_of(sentinels, asked="the same") for _ in range(2))
        for redis in (first, second):
            await redis.set("seen", "old")
        new.ask("SET", "seen", "new")
        sentinels.port = new.port
        async with asyncio.timeout(PATIENCE_S):
            while await seen_by(first) != b"new":
                await asyncio.sleep(0)
        assert await seen_by(second) != b"old"
        assert [redis.connection_pool.turns for redis in (first, second)] == [1, 1]
        for redis in (first, second):
            await redis.connection_pool.disconnect()

    async def seen_by(redis: Any) -> Any:
        # One that is under way as the old master is left fails.
        with contextlib.suppress(ConnectionError):
            return await redis.get("seen")

    with RedisServer(tmp_path / "old") as old, RedisServer(tmp_path / "new") as new:
        asyncio.run(scene(old, new))


def test_who_has_other_credentials_for_the_sentinels_asks_with_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []

    async def discover(self: Sentinel, service: str) -> tuple[str, int]:
        asked.append(self.sentinel_kwargs.get("password"))
        return "127.0.0.1", 6379

    monkeypatch.setattr(Sentinel, "discover_master", discover)

    async def scene() -> None:
        address = "redis+sentinel://sentinel/work"
        clients = [connect(f"{address}{more}") for more in ("", "?sentinel_password=a", "?sentinel_password=b")]
        for client in clients:
            await client.connection_pool.get_master_address()

    asyncio.run(scene())
    assert asked == [None, "a", "b"]
