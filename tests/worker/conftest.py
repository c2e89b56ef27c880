"""Worker tests that touch Redis run on two lanes: fakeredis, and a real server."""

import pytest


@pytest.fixture(params=["fakeredis", "redis"])
def lane_url(request: pytest.FixtureRequest) -> str | None:
    """Address of the real server, or None for fakeredis."""
    url: str | None = request.getfixturevalue("redis_url") if request.param == "redis" else None
    return url
