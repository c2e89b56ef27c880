"""A server that takes connections and answers nothing, as one that stands still does, is given up and holds up no other."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from exosphere_core.store import ask_slots as asking
from exosphere_core.store import several, wire
from exosphere_core.store.ask_slots import ask_slots
from exosphere_core.store.connection import connect_untimed
from exosphere_core.store.faults import LOST, ResponseError
from exosphere_core.store.several import ask_those_there
from exosphere_core.store.slots import Node


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """Its port."""
    over = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        over.set()


def play(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await scene()

    asyncio.run(bounded())


def test_it_is_given_up_while_it_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        monkeypatch.setattr(wire, "COMMAND_TIMEOUT_S", 0.05)
        async with silent_server() as port:
            redis = connect_untimed(f"redis://user:password@127.0.0.1:{port}")
            for _ in range(2):
                with pytest.raises(LOST):
                    await wire.send(redis, [("PING",)])
            await redis.aclose()

    play(scene)


def test_who_has_which_slot_is_asked_of_another_node(cluster_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        monkeypatch.setattr(asking, "_SILENT_S", 0.01)
        there = int(cluster_url.rpartition(":")[2])
        async with silent_server() as port:
            clients: dict[int, Redis] = {each: connect_untimed(f"redis://127.0.0.1:{each}") for each in (port, there)}
            nodes = [Node("127.0.0.1", port), Node("127.0.0.1", there)]
            topology = await ask_slots(nodes, lambda node: clients[node.port])
            assert [master.port for master in topology.all_masters] == [there]
            for client in clients.values():
                await client.aclose()

    play(scene)


async def answer(value: str) -> str:
    return value


async def fail(fault: Exception) -> str:
    raise fault


async def silence() -> str:
    await asyncio.Event().wait()
    return "never"


def test_those_that_answer_are_enough_and_the_others_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(several, "_PATIENCE_S", 0.01)

    async def scene() -> None:
        assert await ask_those_there([answer("a"), answer("b")]) == (["a", "b"], 0)
        lost = ConnectionError("away")
        assert await ask_those_there([fail(lost), answer("a"), silence(), answer("b")]) == (["a", "b"], 2)
        with pytest.raises(ConnectionError, match="away"):
            await ask_those_there([fail(lost), fail(lost)])
        with pytest.raises(ResponseError, match="no"):
            await ask_those_there([answer("a"), fail(ResponseError("no"))])

    play(scene)
