"""Engine tests run on three lanes: fakeredis, a real server, and a real one in cluster mode, which checks every key."""

from collections.abc import Sequence
from typing import Any

import pytest

from engine.world import Lane
from exosphere_core.store import calls
from exosphere_core.store.calls import Call
from exosphere_orchestrator.engine import consumer

#: Files whose scenes together call every script: what they touch is checked by a server in cluster mode, too.
ON_A_CLUSTER = {
    "test_cancel", "test_deletion", "test_flow", "test_handoff", "test_leases", "test_manual_retry", "test_many_runs", "test_polled", "test_queue_pauses", "test_rerun",
    "test_unites",
}  # fmt: skip


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "lane" in metafunc.fixturenames:
        more = ["cluster"] if metafunc.module.__name__.rpartition(".")[2] in ON_A_CLUSTER else []
        metafunc.parametrize("lane", ["fakeredis", "redis", *more], indirect=True)


@pytest.fixture
def lane(request: pytest.FixtureRequest) -> Lane:
    fixtures = {"redis": "redis_url", "cluster": "cluster_url"}
    url = request.getfixturevalue(fixtures[request.param]) if request.param in fixtures else None
    return Lane(request.param, url)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """The calls that the engine's batches made."""
    made: list[Call] = []

    async def seen(redis: Any, some: Sequence[Call]) -> list[Any]:
        made.extend(some)
        return await calls.apply_all(redis, some)

    monkeypatch.setattr(consumer, "apply_all", seen)
    return made
