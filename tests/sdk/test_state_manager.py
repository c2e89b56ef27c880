import asyncio
from typing import Any

import pytest

from exospherehost import (
    CronTrigger,
    GraphNodeModel,
    RetryPolicyModel,
    RetryStrategyEnum,
    StateManager,
    StoreConfigModel,
)
from exospherehost.errors import (
    AuthenticationFailed,
    BadRequest,
    Conflict,
    ExosphereError,
    InvalidGraph,
    NotFound,
    TimedOut,
)

from .conftest import Scripted

pytestmark = pytest.mark.anyio

GRAPH = "/v0/namespace/demo/graph/flow"
RUN = "/v0/namespace/demo/run/r1"
NODES = [GraphNodeModel(node_name="Load", namespace="demo", identifier="load")]


def graph(status: str, *errors: str) -> dict[str, Any]:
    return {"name": "flow", "validation_status": status, "validation_errors": list(errors)}


def run(status: str) -> dict[str, Any]:
    return {"run_id": "r1", "graph_name": "flow", "status": status, "pending_count": 2, "total_count": 5}


@pytest.fixture
def manager(server: Scripted) -> StateManager:
    return StateManager("demo", server.uri, "key-1")


async def test_upsert_sends_the_wire_form_of_all_models(server: Scripted, manager: StateManager) -> None:
    server.on(f"PUT {GRAPH}", (201, graph("VALID")))
    answer = await manager.upsert_graph(
        graph_name="flow",
        graph_nodes=[
            GraphNodeModel(node_name="Load", namespace="demo", identifier="load", next_nodes=["clean"]),
            GraphNodeModel(
                node_name="Clean", namespace="demo", identifier="clean", inputs={"data": "${{ load.outputs.data }}"}
            ),
        ],
        secrets={"api_key": "hidden"},
        retry_policy=RetryPolicyModel(strategy=RetryStrategyEnum.FIXED, backoff_factor=10),
        store_config=StoreConfigModel(required_keys=["cursor"], default_values={"size": "1"}),
        triggers=[CronTrigger(expression="0 9 * * 1-5")],
    )
    assert answer == graph("VALID")
    [(call, body)] = server.calls
    assert call == f"PUT {GRAPH}"
    assert body == {
        "secrets": {"api_key": "hidden"},
        "nodes": [
            {"node_name": "Load", "namespace": "demo", "identifier": "load", "inputs": {}, "next_nodes": ["clean"]},
            {
                "node_name": "Clean",
                "namespace": "demo",
                "identifier": "clean",
                "inputs": {"data": "${{ load.outputs.data }}"},
            },
        ],
        "retry_policy": {"max_retries": 3, "strategy": "FIXED", "backoff_factor": 10, "exponent": 2},
        "store_config": {"required_keys": ["cursor"], "default_values": {"size": "1"}},
        "triggers": [{"type": "CRON", "value": {"expression": "0 9 * * 1-5", "timezone": "UTC"}}],
    }
    assert server.keys == ["key-1"]


async def test_upsert_takes_the_json_form_too(server: Scripted, manager: StateManager) -> None:
    server.on(f"PUT {GRAPH}", (201, graph("VALID")))
    written = {"node_name": "Load", "namespace": "demo", "identifier": "load"}
    cron = {"type": "CRON", "value": {"expression": "0 9 * * 1-5"}}
    await manager.upsert_graph("flow", [written], {}, retry_policy={"max_retries": 0}, triggers=[cron])
    assert server.calls[0][1] == {
        "secrets": {},
        "nodes": [written],
        "retry_policy": {"max_retries": 0},
        "triggers": [cron],
    }


async def test_upsert_waits_until_the_validation_is_done(server: Scripted, manager: StateManager) -> None:
    server.on(f"PUT {GRAPH}", (201, graph("PENDING")))
    server.on(f"GET {GRAPH}", (200, graph("ONGOING")), (200, graph("VALID")))
    answer = await manager.upsert_graph("flow", NODES, {}, polling_interval=0.001)
    assert answer["validation_status"] == "VALID"
    assert [call for call, _ in server.calls] == [f"PUT {GRAPH}", f"GET {GRAPH}", f"GET {GRAPH}"]


async def test_an_invalid_graph_is_raised_with_all_its_errors(server: Scripted, manager: StateManager) -> None:
    server.on(f"PUT {GRAPH}", (201, graph("PENDING")))
    server.on(f"GET {GRAPH}", (200, graph("INVALID", "node 'load': no such node", "node 'load': no secret")))
    with pytest.raises(InvalidGraph) as refused:
        await manager.upsert_graph("flow", NODES, {}, polling_interval=0.001)
    assert refused.value.errors == ["node 'load': no such node", "node 'load': no secret"]
    assert "graph 'flow' is invalid" in refused.value.detail
    assert "node 'load': no secret" in str(refused.value)


async def test_a_graph_refused_with_400_is_an_invalid_graph_too(server: Scripted, manager: StateManager) -> None:
    server.on(f"PUT {GRAPH}", (400, {"detail": "graph 'flow' has 1 error", "errors": ["nodes: a cycle"]}))
    with pytest.raises(InvalidGraph) as refused:
        await manager.upsert_graph("flow", NODES, {})
    assert refused.value.errors == ["nodes: a cycle"]


async def test_a_validation_longer_than_the_timeout_says_so(server: Scripted, manager: StateManager) -> None:
    server.on(f"PUT {GRAPH}", (201, graph("PENDING")))
    server.on(f"GET {GRAPH}", (200, graph("ONGOING")))
    with pytest.raises(TimedOut, match=r"'flow' is still ONGOING after 0\.02 s"):
        await manager.upsert_graph("flow", NODES, {}, validation_timeout=0.02, polling_interval=0.005)


@pytest.mark.parametrize("wrong", [{"validation_timeout": -1}, {"polling_interval": 0}])
async def test_a_time_out_of_range_is_named_before_anything_is_sent(
    server: Scripted, manager: StateManager, wrong: dict[str, float]
) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        await manager.upsert_graph("flow", NODES, {}, **wrong)
    assert server.calls == []


async def test_a_trigger_gives_the_id_of_the_run(server: Scripted, manager: StateManager) -> None:
    server.on(f"POST {GRAPH}/trigger", (200, {"status": "CREATED", "run_id": "r1", "ignored_inputs": []}))
    answer = await manager.trigger("flow", inputs={"source": "a"}, store={"cursor": "7"}, start_delay=50)
    assert (answer["status"], answer["run_id"]) == ("CREATED", "r1")
    assert server.calls[0][1] == {"inputs": {"source": "a"}, "store": {"cursor": "7"}, "start_delay": 50}


async def test_a_trigger_needs_only_the_name_of_the_graph(server: Scripted, manager: StateManager) -> None:
    server.on(f"POST {GRAPH}/trigger", (200, {"status": "CREATED", "run_id": "r1"}))
    await manager.trigger("flow")
    assert server.calls[0][1] == {"inputs": {}, "store": {}, "start_delay": 0}


async def test_a_trigger_that_is_sent_again_carries_the_same_key_and_the_next_trigger_another(
    server: Scripted, manager: StateManager
) -> None:
    lost = (503, {"detail": "Redis can't be reached now; try again"})
    server.on(f"POST {GRAPH}/trigger", lost, lost, (200, {"status": "CREATED", "run_id": "r1"}))
    assert (await manager.trigger("flow"))["run_id"] == "r1"
    await manager.trigger("flow")
    first, second, third, other = server.idempotency_keys
    assert first
    assert first == second == third
    assert other
    assert other != first


async def test_a_trigger_sends_the_key_that_it_is_given(server: Scripted, manager: StateManager) -> None:
    server.on(f"POST {GRAPH}/trigger", (200, {"status": "CREATED", "run_id": "r1"}))
    server.on(f"GET {RUN}/wait", (200, run("SUCCESS")))
    await manager.trigger("flow", idempotency_key="order-7")
    await manager.run("flow", idempotency_key="order-8")
    assert server.idempotency_keys == ["order-7", "order-8", None]


@pytest.mark.parametrize("key", ["", "a b", "é", "a\n", "k" * 129])
async def test_a_key_that_is_no_name_is_refused_before_anything_is_sent(
    server: Scripted, manager: StateManager, key: str
) -> None:
    with pytest.raises(BadRequest, match=r"^idempotency_key "):
        await manager.trigger("flow", idempotency_key=key)
    assert server.calls == []


async def test_a_key_that_was_used_with_another_body_is_a_conflict(server: Scripted, manager: StateManager) -> None:
    server.on(f"POST {GRAPH}/trigger", (409, {"detail": "idempotency key 'k' was used"}))
    with pytest.raises(Conflict, match="idempotency key 'k' was used"):
        await manager.trigger("flow", idempotency_key="k")
    assert len(server.calls) == 1


async def test_run_triggers_and_waits_until_the_run_has_ended(server: Scripted, manager: StateManager) -> None:
    server.on(f"POST {GRAPH}/trigger", (200, {"status": "CREATED", "run_id": "r1"}))
    server.on(f"GET {RUN}/wait", (200, run("PENDING")), (200, run("FAILED")))
    ended = await manager.run("flow")
    assert ended["status"] == "FAILED"
    assert [call for call, _ in server.calls] == [f"POST {GRAPH}/trigger", f"GET {RUN}/wait", f"GET {RUN}/wait"]


async def test_a_wait_past_its_timeout_says_how_far_the_run_is(server: Scripted, manager: StateManager) -> None:
    server.on(f"GET {RUN}/wait", (200, run("PENDING")))
    with pytest.raises(TimedOut, match=r"r1 of graph 'flow' has not ended after 0\.02 s: 2 of 5 states are pending"):
        await manager.wait("r1", timeout=0.02)
    asked = [int(query.removeprefix("timeout_ms=")) for query in server.queries]
    assert max(asked) <= 20


async def test_a_wait_without_a_timeout_polls_within_the_bounds_of_the_api(
    server: Scripted, manager: StateManager
) -> None:
    server.on(f"GET {RUN}/wait", (200, run("SUCCESS")))
    await manager.wait("r1")
    assert 0 < int(server.queries[0].removeprefix("timeout_ms=")) <= 60_000


async def test_reads_go_to_their_documented_paths(server: Scripted, manager: StateManager) -> None:
    paths = [
        GRAPH,
        RUN,
        "/v0/namespace/demo/runs/1/20",
        "/v0/namespace/demo/runs/3/50",
        "/v0/namespace/demo/states/run/r1/graph",
        f"{GRAPH}/run/r1/node/s1",
    ]
    for path in paths:
        server.on(f"GET {path}", (200, {"path": path}))
    answers = [
        await manager.get_graph("flow"),
        await manager.get_run("r1"),
        await manager.list_runs(),
        await manager.list_runs(page=3, size=50),
        await manager.structure("r1"),
        await manager.get_state("flow", "r1", "s1"),
    ]
    assert [answer["path"] for answer in answers] == paths


async def test_versions_are_asked_for_a_page_at_a_time(server: Scripted, manager: StateManager) -> None:
    server.on(f"GET {GRAPH}/versions", (200, {"versions": []}))
    await manager.versions("flow")
    await manager.versions("flow", before=7, limit=3)
    assert server.queries == ["limit=20", "limit=3&before=7"]


async def test_a_graph_is_deleted_by_force_only_when_that_is_said(server: Scripted, manager: StateManager) -> None:
    server.on(f"DELETE {GRAPH}", (409, {"detail": "graph 'flow' has 2 pending runs"}), (200, {"cancelled_runs": 2}))
    with pytest.raises(Conflict, match="graph 'flow' has 2 pending runs"):
        await manager.delete_graph("flow")
    assert await manager.delete_graph("flow", force=True) == {"cancelled_runs": 2}
    assert server.queries == ["force=false", "force=true"]


async def test_errors_are_named_for_what_went_wrong_and_keep_the_detail(
    server: Scripted, manager: StateManager
) -> None:
    server.on(f"GET {GRAPH}", (401, {"detail": "Invalid API key"}), (404, {"detail": "graph 'flow' does not exist"}))
    with pytest.raises(AuthenticationFailed, match="Invalid API key"):
        await manager.get_graph("flow")
    with pytest.raises(NotFound, match="graph 'flow' does not exist") as refused:
        await manager.get_graph("flow")
    assert isinstance(refused.value, ExosphereError)
    assert refused.value.detail == "graph 'flow' does not exist"


@pytest.mark.parametrize("name", ["", "a/b", "..", "a b"])
async def test_a_name_that_would_change_the_address_is_refused_by_name(
    server: Scripted, manager: StateManager, name: str
) -> None:
    with pytest.raises(BadRequest, match="graph_name"):
        await manager.get_graph(name)
    with pytest.raises(BadRequest, match="run_id"):
        await manager.get_run(name)
    assert server.calls == []


async def test_many_calls_at_once_share_one_manager(server: Scripted, manager: StateManager) -> None:
    server.on(f"GET {RUN}", (200, run("PENDING")))
    answers = await asyncio.gather(*(manager.get_run("r1") for _ in range(20)))
    assert {answer["run_id"] for answer in answers} == {"r1"}
