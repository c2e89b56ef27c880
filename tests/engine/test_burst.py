"""Bursts over one connection: replies belong to whoever asked."""

import asyncio
from typing import Any

from exosphere_core.ending import end
from exosphere_core.store.burst import burst
from exosphere_core.store.connection import ask, connect, connect_untimed


def test_a_burst_that_is_broken_off_leaves_no_reply_to_the_next_one(redis_url: str) -> None:
    async def scene() -> None:
        redis, looking = connect_untimed(redis_url, max_connections=1), connect(redis_url)
        try:
            reading = asyncio.create_task(burst(redis, [("BLPOP", "nothing", "0.3")], 1.0))
            async with asyncio.timeout(20):
                while "cmd=blpop" not in str(await ask(looking, "CLIENT", "LIST")):
                    await asyncio.sleep(0.002)
            await end(reading)
            assert await burst(redis, [("ECHO", "mine"), ("ECHO", "mine, too")]) == [b"mine", b"mine, too"]
        finally:
            await redis.aclose()
            await looking.aclose()

    asyncio.run(scene())


def test_a_connection_that_was_closed_while_it_lay_idle_or_has_bytes_of_nobody_is_replaced_unseen(
    redis_url: str,
) -> None:
    async def scene() -> None:
        redis, other = connect(redis_url, max_connections=1), connect(redis_url)
        pool: Any = redis.connection_pool

        async def client() -> int:
            (told,) = await burst(redis, [("CLIENT", "ID")])
            assert isinstance(told, int)
            return told

        try:
            first = await client()
            assert await client() == first
            await ask(other, "CLIENT", "KILL", "ID", first)
            (connection,) = pool._available_connections
            async with asyncio.timeout(20):
                while not connection._reader.at_eof():
                    await asyncio.sleep(0.002)
            second = await client()
            assert second != first
            connection._reader.feed_data(b"+of nobody\r\n")
            third = await client()
            assert third not in (first, second)
            assert await burst(redis, [("ECHO", "mine")]) == [b"mine"]
        finally:
            await redis.aclose()
            await other.aclose()

    asyncio.run(scene())
