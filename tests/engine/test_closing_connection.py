"""A connection that another task is closing: a write to it is no error of the connection's own kind."""

import asyncio
from typing import Any

import pytest
import uvloop
from redis.exceptions import ConnectionError

from exosphere_core.store import wire
from exosphere_core.store.burst import burst
from exosphere_core.store.connection import ask, connect, connect_untimed
from exosphere_core.store.faults import LOST


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


@pytest.mark.parametrize("timed", [False, True])
def test_a_server_that_resets_connections_while_they_are_made_counts_as_lost(timed: bool) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async def scene() -> set[type[BaseException]]:
        server = await asyncio.start_server(reset, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        met: set[type[BaseException]] = set()
        for _ in range(300):
            redis = (connect if timed else connect_untimed)(f"redis://127.0.0.1:{port}")
            with pytest.raises(LOST) as lost:
                await ask(redis, "PING")
            met.add(type(lost.value))
            await redis.aclose()
        server.close()
        await server.wait_closed()
        return met

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(scene())


def test_what_the_event_loop_says_of_a_closed_connection_is_told_as_one_that_was_lost(redis_url: str) -> None:
    async def scene() -> None:
        redis = connect(redis_url)
        pool: Any = redis.connection_pool
        connection = await pool.get_connection()
        connection._writer.transport.abort()
        with pytest.raises(ConnectionError, match="the connection was closed"):
            await connection.send_command("PING")
        await pool.release(connection)
        await redis.aclose()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scene())


@pytest.mark.parametrize("way", ["one command", "a burst", "a pipeline"])
def test_a_command_whose_connection_another_task_closes_at_any_moment_is_answered_or_finds_it_lost(
    redis_url: str, way: str
) -> None:
    async def scene() -> list[Any]:
        redis = connect(redis_url)

        async def ping() -> Any:
            if way == "one command":
                return await ask(redis, "PING")
            if way == "a burst":
                return await burst(redis, [("PING",)])
            pipeline: Any = redis.pipeline(transaction=False)
            return await pipeline.ping().execute()

        async def cut(turns: int) -> None:
            for _ in range(turns):
                await asyncio.sleep(0)
            await redis.connection_pool.disconnect()

        outcomes = []
        for turns in range(8):
            await ping()
            outcome, _ = await asyncio.gather(ping(), cut(turns), return_exceptions=True)
            outcomes.append(outcome)
            await redis.connection_pool.disconnect()
        return outcomes

    outcomes = asyncio.run(scene())
    faults = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert faults, "no command met the end of its connection"
    assert {type(fault) for fault in faults} == {ConnectionError}
