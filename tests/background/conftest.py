"""Tests of the background jobs run on two lanes: fakeredis, and a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from background.desk import Lane
from system.stack import Stack


@pytest.fixture(params=["fakeredis", "redis"])
def lane(request: pytest.FixtureRequest) -> Lane:
    return Lane(request.getfixturevalue("redis_url") if request.param == "redis" else None)


@pytest.fixture
def stack(redis_url: str, tmp_path: Path) -> Iterator[Stack]:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    stack = Stack(redis_url, tmp_path)
    yield stack
    stack.close()
    assert stack.bugs() == []
