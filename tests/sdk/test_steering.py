"""Cancelling, retrying and rerunning with the client, against scripted answers."""

import pytest

from exospherehost import StateManager
from exospherehost.errors import BadRequest, Conflict, NotFound, Unavailable

from .conftest import Scripted

pytestmark = pytest.mark.anyio

RUN = "/v0/namespace/demo/run/r1"
STATE = "/v0/namespace/demo/state/s1"


@pytest.fixture
def manager(server: Scripted) -> StateManager:
    return StateManager("demo", server.uri, "key-1")


async def test_a_cancelled_run_is_returned(server: Scripted, manager: StateManager) -> None:
    server.on(f"POST {RUN}/cancel", (200, {"run_id": "r1", "status": "CANCELLED"}))
    assert await manager.cancel("r1") == {"run_id": "r1", "status": "CANCELLED"}
    assert server.calls == [(f"POST {RUN}/cancel", None)]


async def test_a_run_that_has_ended_can_not_be_cancelled(server: Scripted, manager: StateManager) -> None:
    server.on(f"POST {RUN}/cancel", (409, {"detail": "run r1 has ended with SUCCESS; there is nothing to cancel"}))
    with pytest.raises(Conflict, match="run r1 has ended with SUCCESS"):
        await manager.cancel("r1")


async def test_each_retry_of_a_state_is_another_one_unless_it_is_named(server: Scripted, manager: StateManager) -> None:
    server.on(f"POST {STATE}/manual-retry", (200, {"id": "s2", "status": "CREATED"}))
    assert await manager.retry("s1") == {"id": "s2", "status": "CREATED"}
    await manager.retry("s1")
    await manager.retry("s1", fanout_id="mine")
    first, second, named = (body["fanout_id"] for _, body in server.calls)
    assert len({first, second}) == 2
    assert named == "mine"
    assert [set(body) for _, body in server.calls] == [{"fanout_id"}] * 3


async def test_a_fanout_id_that_is_empty_is_sent_and_not_replaced(server: Scripted, manager: StateManager) -> None:
    server.on(f"POST {STATE}/manual-retry", (400, {"detail": "fanout_id is empty"}))
    with pytest.raises(BadRequest, match="fanout_id is empty"):
        await manager.retry("s1", fanout_id="")


async def test_a_repeated_retry_of_a_state_is_a_conflict(server: Scripted, manager: StateManager) -> None:
    detail = "state s1: the retry with fanout_id 'mine' was made before"
    server.on(f"POST {STATE}/manual-retry", (409, {"detail": detail}))
    with pytest.raises(Conflict) as refused:
        await manager.retry("s1", "mine")
    assert refused.value.detail == detail


async def test_all_that_failed_in_a_run_is_retried_by_one_call(server: Scripted, manager: StateManager) -> None:
    answer = {"run_id": "r1", "count": 1, "retried": {"s1": "s2"}, "refused": {}}
    server.on(f"POST {RUN}/retry", (200, answer))
    assert await manager.retry_run("r1") == answer
    assert server.calls == [(f"POST {RUN}/retry", None)]


async def test_a_rerun_says_where_it_begins_and_with_what(server: Scripted, manager: StateManager) -> None:
    answer = {"status": "CREATED", "run_id": "r2", "rerun_of": "r1"}
    server.on(f"POST {RUN}/rerun", (200, answer))
    assert await manager.rerun("r1") == answer
    await manager.rerun("r1", "clean", inputs={"data": "b"}, store={"cursor": "7"})
    await manager.rerun("r1", state_id="s1")
    assert [body for _, body in server.calls] == [
        {"identifier": None, "state_id": None, "inputs": {}, "store": {}},
        {"identifier": "clean", "state_id": None, "inputs": {"data": "b"}, "store": {"cursor": "7"}},
        {"identifier": None, "state_id": "s1", "inputs": {}, "store": {}},
    ]


async def test_a_rerun_of_what_is_not_there_names_it(server: Scripted, manager: StateManager) -> None:
    server.on(
        f"POST {RUN}/rerun",
        (404, {"detail": "namespace 'demo' has no run 'r1'"}),
        (400, {"detail": "identifier: graph 'flow' has no node 'z'; it has a, b"}),
        (409, {"detail": "run r1 can't run again: graph 'flow' was deleted"}),
    )
    for error, words in ((NotFound, "has no run 'r1'"), (BadRequest, "has no node 'z'"), (Conflict, "was deleted")):
        with pytest.raises(error, match=words):
            await manager.rerun("r1", "z")


async def test_what_would_be_done_twice_is_not_sent_again_and_a_cancellation_is(
    server: Scripted, manager: StateManager
) -> None:
    away = (503, {"detail": "Redis can't be reached now"})
    for call in (f"POST {RUN}/retry", f"POST {RUN}/rerun", f"POST {STATE}/manual-retry"):
        server.on(call, away)
    server.on(f"POST {RUN}/cancel", away, (200, {"status": "CANCELLED"}))
    for attempt in (manager.retry_run("r1"), manager.rerun("r1"), manager.retry("s1")):
        with pytest.raises(Unavailable, match="Redis can't be reached"):
            await attempt
    assert len(server.calls) == 3
    assert await manager.cancel("r1") == {"status": "CANCELLED"}
    assert len(server.calls) == 5


@pytest.mark.parametrize("name", ["", "a/b", ".."])
async def test_an_id_that_would_change_the_address_is_refused_by_name(
    server: Scripted, manager: StateManager, name: str
) -> None:
    for call in (manager.cancel(name), manager.retry_run(name), manager.rerun(name)):
        with pytest.raises(BadRequest, match="run_id"):
            await call
    with pytest.raises(BadRequest, match="state_id"):
        await manager.retry(name)
    assert server.calls == []
