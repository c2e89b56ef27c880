"""The calls that read lists of any length, and what happens as it happens: awaited and blocking, against a state manager."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from api.service import KEY, Service, Space, many, node_class, one
from exosphere_orchestrator.http import events
from exospherehost import StateManager, blocking
from exospherehost.errors import BadRequest, NotFound, Unavailable

from .blocking_stub import stub

_numbers = count(1)


@pytest.fixture(scope="module")
def service(redis_url: str) -> Iterator[Service]:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    with Service(redis_url) as service:
        yield service


@pytest.fixture
def space(service: Service) -> Space:
    return Space(service, f"sdk-{next(_numbers)}")


@pytest.fixture
def manager(service: Service, space: Space) -> Iterator[blocking.StateManager]:
    with blocking.StateManager(space.name, str(service.http.base_url), KEY) as manager:
        yield manager


def awaited(service: Service, space: Space) -> StateManager:
    return StateManager(space.name, str(service.http.base_url), KEY)


def fanned_out(space: Space, width: int) -> str:
    """A run whose root gave a list; its leaves wait."""
    space.register(node_class("Root"), node_class("Leaf", ("x",)))
    space.graph(space.node("root", "leaf"), space.node("leaf", inputs={"x": "${{ root.outputs.v }}"}))
    run = space.trigger()
    space.do("Root", many(*map(str, range(width))))
    space.take("Leaf")
    return run


def test_runs_are_found_one_by_one_over_all_pages(
    service: Service, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exospherehost.watching._PAGE", 2)
    space.chain()
    runs = [space.trigger() for _ in range(5)]

    async def read() -> None:
        async with awaited(service, space) as manager:
            assert [run["run_id"] async for run in manager.find_runs()] == runs[::-1]
            assert [run async for run in manager.find_runs(status=["FAILED", "SUCCESS"])] == []
            later = datetime(2999, 1, 1, tzinfo=UTC)
            found = [run["run_id"] async for run in manager.find_runs("g", "PENDING", created_before=later)]
            assert found == runs[::-1]
            assert [run async for run in manager.find_runs(created_after=later)] == []
            with pytest.raises(BadRequest, match="created_after"):
                await anext(manager.find_runs(created_after=datetime(2026, 1, 1)))

    asyncio.run(read())


def test_states_are_given_one_by_one_over_all_pages(
    service: Service, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exospherehost.watching._PAGE", 2)
    run = fanned_out(space, 4)

    async def read() -> tuple[list[str], list[str]]:
        async with awaited(service, space) as manager:
            leaves = [state["id"] async for state in manager.states(run, identifier="leaf")]
            both = [state["id"] async for state in manager.states(run, ["CREATED", "QUEUED"])]
            return leaves, both

    leaves, both = asyncio.run(read())
    assert len(set(leaves)) == 4
    assert leaves == both


def test_events_are_given_once_each_although_the_connection_ends_after_every_one(
    service: Service, space: Space, monkeypatch: pytest.MonkeyPatch, manager: blocking.StateManager
) -> None:
    whole = events._spelled
    connections = count()

    async def cut(*given: Any) -> AsyncGenerator[bytes, None]:
        lost = next(connections) % 2 == 0
        async for chunk in whole(*given):
            yield chunk
            # One is lost midway, the other ends as when a state manager stops.
            if lost:
                raise ConnectionResetError
            return

    for place in ("exosphere_core.store.events", "exosphere_orchestrator.http.watchers"):
        monkeypatch.setattr(f"{place}.EVENTS_PAGE", 1)
    monkeypatch.setattr(events, "_spelled", cut)
    space.chain()
    run = space.trigger()
    told: list[dict[str, Any]] = []
    for event in manager.events(run):
        told.append(event)
        if event["event"] == "current":
            space.do("First", one(v="1"))
            space.do("Second", one(v="2"))
    assert [(event["event"], event.get("identifier"), event["status"]) for event in told] == [
        ("begin", None, "PENDING"),
        ("found", "first", "CREATED"),
        ("current", None, "PENDING"),
        ("state", "first", "SUCCESS"),
        ("state", "second", "CREATED"),
        ("state", "second", "SUCCESS"),
        ("run", None, "SUCCESS"),
    ]
    assert [event["id"] for event in manager.events(run, after=told[3]["id"])] == [event["id"] for event in told[4:]]
    assert list(manager.events(run, after=told[-1]["id"])) == []


def test_events_of_an_unknown_run_and_of_no_state_manager_are_refused_by_name(
    service: Service, space: Space, manager: blocking.StateManager
) -> None:
    with pytest.raises(NotFound):
        list(manager.events("nothing"))
    with (
        blocking.StateManager(space.name, "http://127.0.0.1:9", KEY) as nowhere,
        pytest.raises(Unavailable, match="127"),
    ):
        list(nowhere.events("r1", patience_s=0.0))


def test_queues_and_runtimes_are_given_one_by_one(space: Space, manager: blocking.StateManager) -> None:
    fanned_out(space, 3)
    queues = {queue["node_name"]: queue for queue in manager.queues()}
    assert (queues["Leaf"]["depth"], queues["Leaf"]["running"], queues["Root"]["depth"]) == (2, 1, 0)
    assert [runtime["running"] for runtime in manager.runtimes()] == [1]


def test_blocking_calls_work_within_a_running_loop_and_raise_what_awaited_ones_raise(
    space: Space, manager: blocking.StateManager
) -> None:
    space.chain()

    async def in_a_notebook() -> str:
        run: str = manager.trigger("g")["run_id"]
        with pytest.raises(NotFound):
            manager.get_graph("unknown")
        return run

    run = asyncio.run(in_a_notebook())
    space.do("First", one(v="1"))
    space.do("Second", one(v="2"))
    assert manager.wait(run, 30)["status"] == "SUCCESS"
    first = next(iter(manager.states(run)))
    assert first["identifier"] == "first"
    manager.close()
    with pytest.raises(RuntimeError):
        manager.get_run(run)


def test_what_failed_in_many_runs_is_retried_in_the_background(space: Space, manager: blocking.StateManager) -> None:
    asked = manager.retry_runs("g", created_after=datetime(2020, 1, 1, tzinfo=UTC))
    assert manager.get_bulk_retry(asked["id"], limit=1)["status"] == "PENDING"


def test_the_types_of_the_blocking_calls_are_those_of_the_awaited_ones() -> None:
    written = Path(blocking.__file__).with_suffix(".pyi").read_text()
    assert written == stub(), "python tests/sdk/blocking_stub.py > sdk/exospherehost/blocking.pyi"
