"""System tests start real processes over the session's real Redis."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from system.stack import Stack


@pytest.fixture
def stack(redis_url: str, tmp_path: Path) -> Iterator[Stack]:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    stack = Stack(redis_url, tmp_path)
    yield stack
    stack.close()
    assert stack.bugs() == []
