"""What nodes write, as the client of the state manager reads it: awaited and blocking, at once and as it comes in."""

import asyncio
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from redis import Redis

from api.service import KEY, Service, Space, node_class, one
from exosphere_core import api
from exosphere_worker.held import Held
from exospherehost import StateManager, blocking
from exospherehost.errors import BadRequest, NotFound

_numbers = count(1)


@pytest.fixture(scope="module")
def service(redis_url: str) -> Iterator[Service]:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    with Service(redis_url, run_log_lines=20) as service:
        yield service


@pytest.fixture
def space(service: Service) -> Space:
    return Space(service, f"logs-{next(_numbers)}")


@pytest.fixture
def manager(service: Service, space: Space) -> Iterator[blocking.StateManager]:
    with blocking.StateManager(space.name, str(service.http.base_url), KEY) as manager:
        yield manager


def begun(space: Space) -> tuple[str, Held]:
    space.register(node_class("A"))
    space.graph(space.node("a"))
    run = space.trigger()
    return run, space.take("A")


def write(space: Space, held: Held, *texts: str, **more: Any) -> None:
    lines = [{"state": held.state, "at": 1, "text": text, **more} for text in texts]
    assert space.ok(api.ADD_LINES, {"lines": lines})["taken"] == len(texts)


def test_lines_are_given_one_by_one_over_all_pages(
    space: Space, manager: blocking.StateManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exosphere_core.run_lines._PAGE", 2)
    run, held = begun(space)
    write(space, held, *map(str, range(5)))
    write(space, held, "x", level="ERROR", kind="progress")
    assert [line["text"] for line in manager.logs(run)] == ["0", "1", "2", "3", "4", "x"]
    assert [line["text"] for line in manager.logs(run, after="4")] == ["4", "x"]
    assert [line["text"] for line in manager.logs(run, level="ERROR", state_id=held.state)] == ["x"]
    assert [line["text"] for line in manager.logs(run, kind=["progress"], identifier="a")] == ["x"]
    assert list(manager.logs(run, kind="dropped")) == []


def test_lines_that_are_kept_no_more_are_told_in_their_place(space: Space, manager: blocking.StateManager) -> None:
    run, held = begun(space)
    write(space, held, *map(str, range(30)))
    space.report(held, one(v="1"))
    for follow in (False, True):
        first, *others = manager.logs(run, follow=follow)
        assert (first["kind"], first["fields"], first["text"]) == (
            "dropped", {"count": 10}, "10 lines of the run are kept no more: it has newer ones",
        )  # fmt: skip
        assert first.keys() == others[0].keys()
        assert [line["text"] for line in others] == [str(number) for number in range(10, 30)]


def test_a_run_is_followed_to_its_end_over_lost_connections(redis_url: str, service: Service) -> None:
    # Each stream is over at once: the client goes on where it was.
    with Service(redis_url, encryption_key=service.settings.encryption_key, max_watch_ms=1) as hasty:
        follow_over_lost_connections(hasty, Space(hasty, "hasty"))


def follow_over_lost_connections(service: Service, space: Space) -> None:
    run, held = begun(space)

    async def follow() -> list[str]:
        told: list[str] = []
        async with StateManager(space.name, str(service.http.base_url), KEY) as manager:
            async for line in manager.logs(run, follow=True):
                told.append(line["text"])
                if len(told) < 4:
                    await asyncio.to_thread(write, space, held, f"after {told[-1]}")
                else:
                    await asyncio.to_thread(space.report, held, one(v="1"))
        return told

    write(space, held, "1")
    told = asyncio.run(follow())
    assert told == ["1", "after 1", "after after 1", "after after after 1"]


def test_what_is_asked_for_wrongly_is_told(space: Space, manager: blocking.StateManager) -> None:
    run, _ = begun(space)
    with pytest.raises(BadRequest, match="run_id"):
        list(manager.logs("a/b"))
    with pytest.raises(BadRequest, match="identifier"):
        list(manager.logs(run, identifier="a b"))
    for follow in (False, True):
        with pytest.raises(NotFound):
            list(manager.logs("01" * 16, follow=follow))
