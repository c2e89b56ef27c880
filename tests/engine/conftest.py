"""Engine tests run on three lanes: fakeredis, a real server, and a real one in cluster mode, which checks every key."""

import pytest

from engine.world import Lane


@pytest.fixture(params=["fakeredis", "redis", "cluster"])
def lane(request: pytest.FixtureRequest) -> Lane:
    fixtures = {"redis": "redis_url", "cluster": "cluster_url"}
    url = request.getfixturevalue(fixtures[request.param]) if request.param in fixtures else None
    return Lane(request.param, url)
