"""Old user code calls one `StateManager` from several event loops; no connection may outlive its loop."""

import asyncio
import gc
import threading
from collections.abc import Callable

import pytest
import uvloop

from exospherehost import StateManager

from .conftest import Scripted

RUN = "/v0/namespace/demo/run/r1"


@pytest.fixture
def manager(server: Scripted) -> StateManager:
    server.on(f"GET {RUN}", (200, {"run_id": "r1"}))
    return StateManager("demo", server.uri, "key-1")


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_one_manager_serves_one_loop_after_another(
    server: Scripted, manager: StateManager, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    for _ in range(3):
        with asyncio.Runner(loop_factory=new_loop) as runner:
            assert runner.run(manager.get_run("r1")) == {"run_id": "r1"}
        assert server.wait_until_all_connections_are_closed()
    gc.collect()  # a connection left behind would warn here, and a warning fails the test


def test_connections_are_reused_within_a_loop(server: Scripted, manager: StateManager) -> None:
    async def call_thrice() -> int:
        for _ in range(3):
            await manager.get_run("r1")
        return server.open_connections

    assert asyncio.run(call_thrice()) == 1


def test_loops_in_several_threads_share_one_manager(server: Scripted, manager: StateManager) -> None:
    answers: list[object] = []

    def call() -> None:
        answers.append(asyncio.run(manager.get_run("r1")))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert answers == [{"run_id": "r1"}] * 4
    assert server.wait_until_all_connections_are_closed()


def test_an_ended_context_has_closed_its_connections(server: Scripted, manager: StateManager) -> None:
    async def call() -> None:
        async with manager:
            await manager.get_run("r1")
        closed = await asyncio.to_thread(server.wait_until_all_connections_are_closed)
        assert closed
        assert await manager.get_run("r1") == {"run_id": "r1"}

    asyncio.run(call())


def test_closing_without_a_call_does_nothing(server: Scripted, manager: StateManager) -> None:
    asyncio.run(manager.aclose())
    assert server.calls == []


def test_a_dropped_manager_closes_its_connections_in_the_running_loop(server: Scripted) -> None:
    server.on(f"GET {RUN}", (200, {"run_id": "r1"}))

    async def call() -> None:
        await StateManager("demo", server.uri, "key-1").get_run("r1")
        gc.collect()
        assert await asyncio.to_thread(server.wait_until_all_connections_are_closed)

    asyncio.run(call())


def test_a_failed_call_leaves_no_connection_behind(server: Scripted, manager: StateManager) -> None:
    server.on(f"GET {RUN}", (500, {"detail": "broken"}))
    with pytest.raises(Exception, match="broken"):
        asyncio.run(manager.get_run("r1"))
    assert server.wait_until_all_connections_are_closed()
