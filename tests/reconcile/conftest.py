"""Tests of the reconciler run on two lanes: fakeredis, and a real server."""

import pytest

from engine.world import Lane


@pytest.fixture(params=["fakeredis", "redis"])
def lane(request: pytest.FixtureRequest) -> Lane:
    url = request.getfixturevalue("redis_url") if request.param == "redis" else None
    return Lane(request.param, url)
