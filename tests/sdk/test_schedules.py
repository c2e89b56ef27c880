"""Schedules through `StateManager`."""

import pytest

from exospherehost import CronTrigger, StateManager
from exospherehost.errors import BadRequest, NotFound
from exospherehost.models import CatchupEnum

from .conftest import Scripted

pytestmark = pytest.mark.anyio

NAMESPACE = "/v0/namespace/demo"
GRAPH = f"{NAMESPACE}/graph/flow"


@pytest.fixture
def manager(server: Scripted) -> StateManager:
    return StateManager("demo", server.uri, "key-1")


async def test_each_call_goes_to_its_documented_path(server: Scripted, manager: StateManager) -> None:
    calls = [
        (f"GET {NAMESPACE}/schedules/", manager.schedules()),
        (f"GET {GRAPH}/firings", manager.firings("flow")),
        (f"POST {GRAPH}/schedule/0/pause", manager.pause_schedule("flow")),
        (f"POST {GRAPH}/schedule/2/pause", manager.pause_schedule("flow", 2)),
        (f"POST {GRAPH}/schedule/2/resume", manager.resume_schedule("flow", index=2)),
        (f"POST {GRAPH}/schedule/1/run", manager.run_schedule("flow", 1)),
    ]
    for call, answer in calls:
        server.on(call, (200, {"answers": call}))
        assert await answer == {"answers": call}
    assert [call for call, _ in server.calls] == [call for call, _ in calls]


async def test_only_a_pause_and_a_resume_are_repeated_when_nobody_knows_what_came_of_them(
    server: Scripted, manager: StateManager
) -> None:
    away = (503, {"detail": "Redis can't be reached now; try again"})
    server.on(f"POST {GRAPH}/schedule/0/pause", away, (200, {"paused": True}))
    assert await manager.pause_schedule("flow") == {"paused": True}
    server.on(f"POST {GRAPH}/schedule/0/run", away)
    with pytest.raises(Exception, match="Redis can't be reached"):
        await manager.run_schedule("flow")
    assert [call for call, _ in server.calls].count(f"POST {GRAPH}/schedule/0/run") == 1


async def test_what_can_not_be_run_is_an_error_with_the_servers_reason(server: Scripted, manager: StateManager) -> None:
    server.on(f"POST {GRAPH}/schedule/7/run", (404, {"detail": "graph 'flow' has no trigger 7; it has none"}))
    with pytest.raises(NotFound, match="no trigger 7"):
        await manager.run_schedule("flow", 7)
    with pytest.raises(BadRequest, match="graph_name"):
        await manager.run_schedule("a/b")


async def test_a_trigger_sends_its_policy_where_it_is_not_the_default(server: Scripted, manager: StateManager) -> None:
    server.on(f"PUT {GRAPH}", (201, {"validation_status": "VALID"}))
    plain = {"expression": "0 9 * * *", "timezone": "UTC"}
    triggers = [
        CronTrigger(expression="0 9 * * *"),
        CronTrigger(expression="0 9 * * *", catchup=CatchupEnum.LATEST),
        CronTrigger(expression="0 9 * * *", catchup=CatchupEnum.ALL),
    ]
    await manager.upsert_graph("flow", [], {}, triggers=triggers)
    ((_, body),) = server.calls
    assert [trigger["value"] for trigger in body["triggers"]] == [plain, plain, {**plain, "catchup": "all"}]


def test_a_policy_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ValueError, match="'none', 'latest' or 'all'"):
        CronTrigger.model_validate({"expression": "0 9 * * *", "catchup": "some"})
