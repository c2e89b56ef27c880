"""Pauses through `StateManager`."""

import pytest

from exospherehost import StateManager

from .conftest import Scripted

pytestmark = pytest.mark.anyio

NAMESPACE = "/v0/namespace/demo"


async def test_each_call_goes_to_its_documented_path(server: Scripted) -> None:
    manager = StateManager("demo", server.uri, "key-1")
    calls = [
        (f"POST {NAMESPACE}/graph/flow/pause", manager.pause_graph("flow")),
        (f"POST {NAMESPACE}/graph/flow/resume", manager.resume_graph("flow")),
        (f"POST {NAMESPACE}/queues/Work/pause", manager.pause_queue("Work")),
        (f"POST {NAMESPACE}/queues/Work/resume", manager.resume_queue("Work")),
    ]
    for call, answer in calls:
        server.on(call, (200, {"answers": call}))
        assert await answer == {"answers": call}
    assert [call for call, _ in server.calls] == [call for call, _ in calls]
