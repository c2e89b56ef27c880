"""One state manager a test file, one namespace a test; and both ways in for its runs."""

from collections.abc import Iterator
from itertools import count

import pytest
from redis import Redis

from api.service import KEY, Service, Space
from exospherehost import blocking

_numbers = count(1)

Both = tuple[blocking.Producer, blocking.StateManager]


@pytest.fixture(scope="module")
def service(redis_url: str) -> Iterator[Service]:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    with Service(redis_url) as service:
        yield service


@pytest.fixture
def space(service: Service) -> Space:
    return Space(service, f"ns-{next(_numbers)}")


@pytest.fixture
def producer(service: Service, space: Space) -> Iterator[blocking.Producer]:
    with blocking.Producer(space.name, service.redis_url, timeout=20) as producer:
        yield producer


@pytest.fixture
def manager(service: Service, space: Space) -> Iterator[blocking.StateManager]:
    with blocking.StateManager(space.name, str(service.http.base_url), KEY) as manager:
        yield manager


@pytest.fixture
def both(producer: blocking.Producer, manager: blocking.StateManager) -> Both:
    return producer, manager
