"""One state manager a test file, one namespace a test."""

from collections.abc import Iterator
from itertools import count

import pytest
from redis import Redis

from api.service import Service, Space

_numbers = count(1)


@pytest.fixture(scope="module")
def service(redis_url: str) -> Iterator[Service]:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    with Service(redis_url) as service:
        yield service


@pytest.fixture
def space(service: Service) -> Space:
    return Space(service, f"ns-{next(_numbers)}")
