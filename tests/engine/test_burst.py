"""Bursts over one connection: replies belong to whoever asked."""

import asyncio

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
