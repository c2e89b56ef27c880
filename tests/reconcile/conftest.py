"""Tests of the reconciler run on two lanes: fakeredis, and a real server; some on one in cluster mode, too."""

import pytest

from engine.world import Lane

#: Files whose scenes together call what the reconciler calls: a server in cluster mode checks every key.
ON_A_CLUSTER = {"test_abroad", "test_mends", "test_pending"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    own = any("lane" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "lane" in metafunc.fixturenames and not own:
        more = ["cluster"] if metafunc.module.__name__.rpartition(".")[2] in ON_A_CLUSTER else []
        metafunc.parametrize("lane", ["fakeredis", "redis", *more], indirect=True)


@pytest.fixture
def lane(request: pytest.FixtureRequest) -> Lane:
    fixtures = {"redis": "redis_url", "cluster": "cluster_url"}
    url = request.getfixturevalue(fixtures[request.param]) if request.param in fixtures else None
    return Lane(request.param, url)
