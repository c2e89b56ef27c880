"""A connection that another task is closing: under uvloop a write to it is no error of the connection's own kind."""

import asyncio
from typing import Any

import pytest
import uvloop
from redis.exceptions import ConnectionError

from exosphere_core.store import wire
from exosphere_core.store.connection import connect_untimed


def test_a_connection_that_is_being_closed_counts_as_lost_and_the_next_write_is_answered(redis_url: str) -> None:
    async def scene() -> None:
        redis = connect_untimed(redis_url)
        pool: Any = redis.connection_pool
        assert await wire.send(redis, [("PING",)]) == [b"PONG"]
        (idle,) = pool._available_connections
        idle._writer.close()
        await idle._writer.wait_closed()
        with pytest.raises(ConnectionError, match="the connection was closed"):
            await wire.send(redis, [("PING",)])
        assert await wire.send(redis, [("PING",)]) == [b"PONG"]
        await pool.disconnect()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scene())
