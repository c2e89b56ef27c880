"""What the tests of the campaign's checks share: the engine over a real Redis."""

import pytest

from engine.world import Lane


@pytest.fixture
def lane(redis_url: str) -> Lane:
    return Lane("redis", redis_url)
