"""What users have written for this SDK runs unchanged: as scripts, against a running `exosphere dev`."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from exospherehost import (
    CronTrigger,
    GraphNodeModel,
    RetryPolicyModel,
    RetryStrategyEnum,
    StateManager,
    StoreConfigModel,
)
from exospherehost.errors import InvalidGraph

from .dev_process import BOUND_S, Dev, Start, running_dev, running_scripts
from .sample_code import (
    AS_A_TASK,
    BLOCKING,
    IN_A_THREAD,
    INVALID,
    RUNTIME,
    SAMPLE_NODE,
    STARTED_IN_A_LOOP,
    TELL_NAMESPACE,
    WORKFLOW,
)

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    with running_dev(tmp_path_factory.mktemp("dev")) as running:
        yield running


@pytest.fixture
def start(dev: Dev, tmp_path: Path) -> Iterator[Start]:
    with running_scripts(dev, tmp_path) as start_script:
        yield start_script


async def valid_graph(manager: StateManager, name: str, nodes: list[Any], **more: Any) -> dict[str, Any]:
    """Upsert a graph; it may be there before its nodes are, and becomes valid with them."""
    try:
        return await manager.upsert_graph(name, nodes, more.pop("secrets", {}), **more)
    except InvalidGraph:
        deadline = time.monotonic() + BOUND_S
        while (graph := await manager.get_graph(name))["validation_status"] != "VALID":
            assert time.monotonic() < deadline, graph["validation_errors"]
            await asyncio.sleep(0.05)
        return graph


async def run_sample(dev: Dev, graph: str) -> None:
    manager = dev.manager()
    nodes = [
        GraphNodeModel(
            node_name="SampleNode", namespace="MyProject", identifier="sample", inputs={"name": "ann", "data": "-"}
        )
    ]
    await valid_graph(manager, graph, nodes)
    run = await manager.run(graph, inputs={"data": "records"}, timeout=BOUND_S)
    assert run["status"] == "SUCCESS"
    [state] = [each async for each in manager.states(run["run_id"])]
    details = await manager.get_state(graph, run["run_id"], state["id"])
    assert details["outputs"] == {"message": "success", "processed_data": "completed:records"}


async def test_a_blocking_script_runs_until_it_is_told_to_stop(dev: Dev, start: Start) -> None:
    script = start(SAMPLE_NODE + BLOCKING)
    await run_sample(dev, "blocking")
    script.terminate()
    said, _ = script.communicate(timeout=BOUND_S)
    assert script.returncode == 0
    assert "Processing data for: ann" in said


@pytest.mark.parametrize(
    "way, last_word",
    [(IN_A_THREAD, "Processing data for: ann"), (AS_A_TASK, "cancelled"), (STARTED_IN_A_LOOP, "cancelled")],
    ids=["thread", "task", "loop"],
)
async def test_a_runtime_runs_beside_other_code(dev: Dev, start: Start, way: str, last_word: str) -> None:
    script = start(SAMPLE_NODE + RUNTIME + way)
    await run_sample(dev, "beside")
    said, _ = script.communicate("stop\n", timeout=BOUND_S)
    assert script.returncode == 0, said
    assert last_word in said
    assert "Traceback" not in said


async def test_the_whole_workflow_of_the_sample_runs(dev: Dev, start: Start) -> None:
    start(WORKFLOW)
    state_manager = dev.manager()
    graph_nodes = [
        GraphNodeModel(
            node_name="DataLoaderNode",
            namespace="MyProject",
            identifier="loader",
            inputs={"source": "initial"},
            next_nodes=["processor"],
        ),
        GraphNodeModel(
            node_name="DataProcessorNode",
            namespace="MyProject",
            identifier="processor",
            inputs={"data": "${{ loader.outputs.data }}"},
            next_nodes=[],
        ),
    ]
    graph = await valid_graph(
        state_manager,
        "my-workflow",
        graph_nodes,
        secrets={"api_key": "your-key"},
        retry_policy=RetryPolicyModel(
            max_retries=3, strategy=RetryStrategyEnum.EXPONENTIAL, backoff_factor=2000, exponent=2
        ),
        store_config=StoreConfigModel(
            required_keys=["cursor", "batch_id"], default_values={"cursor": "0", "batch_size": "100"}
        ),
        triggers=[CronTrigger(expression="0 9 * * 1-5"), CronTrigger(expression="0 */6 * * *")],
    )
    assert graph["validation_status"] == "VALID"
    assert graph["secrets"] == {"api_key": True}
    assert [trigger["value"]["expression"] for trigger in graph["triggers"]] == ["0 9 * * 1-5", "0 */6 * * *"]

    accepted = await state_manager.trigger("my-workflow", inputs={"source": "file"}, store={"batch_id": "b1"})
    assert accepted["status"] == "CREATED"
    run = await state_manager.wait(accepted["run_id"], timeout=BOUND_S)
    assert (run["status"], run["store"]) == ("SUCCESS", {"cursor": "0", "batch_size": "100", "batch_id": "b1"})

    [listed] = [each for each in (await state_manager.list_runs())["runs"] if each["run_id"] == run["run_id"]]
    assert (listed["status"], listed["success_count"], listed["total_count"]) == ("SUCCESS", 2, 2)
    structure = await state_manager.structure(run["run_id"])
    ids = {state["identifier"]: state["id"] for state in structure["nodes"]}
    assert structure["edges"] == [{"source": ids["loader"], "target": ids["processor"]}]
    loader = await state_manager.get_state("my-workflow", run["run_id"], ids["loader"])
    processor = await state_manager.get_state("my-workflow", run["run_id"], ids["processor"])
    assert loader["inputs"] == {"source": "file"}
    assert loader["outputs"] == {"data": "file read with a key of 8 letters"}
    assert processor["inputs"] == loader["outputs"]
    assert processor["outputs"] == {"result": "FILE READ WITH A KEY OF 8 LETTERS"}
    assert (processor["status"], processor["parents"]) == ("SUCCESS", {"loader": ids["loader"]})


async def test_the_same_graph_as_plain_json_over_http_runs(dev: Dev, start: Start) -> None:
    start(WORKFLOW)
    graph = {
        "secrets": {"api_key": "your-api-key"},
        "nodes": [
            {
                "node_name": "DataLoaderNode",
                "namespace": "MyProject",
                "identifier": "loader",
                "inputs": {"source": "initial"},
                "next_nodes": ["processor"],
            },
            {
                "node_name": "DataProcessorNode",
                "namespace": "MyProject",
                "identifier": "processor",
                "inputs": {"data": "${{ loader.outputs.data }}"},
                "next_nodes": [],
            },
        ],
    }
    async with httpx.AsyncClient(base_url=dev.uri, headers={"x-api-key": dev.key}, trust_env=False) as http:
        answer = await http.put("/v0/namespace/MyProject/graph/by-http", json=graph)
    assert answer.status_code == 201
    manager = dev.manager()
    await valid_graph(manager, "by-http", graph["nodes"], secrets=graph["secrets"])
    assert (await manager.run("by-http", timeout=BOUND_S))["status"] == "SUCCESS"


async def test_one_node_in_two_namespaces_keeps_their_work_apart(dev: Dev, start: Start) -> None:
    for namespace in ("dev", "prod"):
        start(TELL_NAMESPACE, namespace)
    for namespace in ("dev", "prod"):
        manager = dev.manager(namespace)
        await valid_graph(manager, "flow", [GraphNodeModel(node_name="MyNode", namespace=namespace, identifier="only")])
        for _ in range(5):
            run = await manager.run("flow", timeout=BOUND_S)
            [state] = [each async for each in manager.states(run["run_id"])]
            details = await manager.get_state("flow", run["run_id"], state["id"])
            assert details["outputs"] == {"ran_in": namespace}
        assert (await manager.list_runs())["total"] == 5


def test_an_invalid_node_is_refused_with_node_model_field_and_type(start: Start) -> None:
    script = start(INVALID)
    said, _ = script.communicate(timeout=BOUND_S)
    assert script.returncode != 0
    last = said.strip().splitlines()[-1]
    for word in ("ValueError", "InvalidNode", "Inputs", "count", "int"):
        assert word in last
