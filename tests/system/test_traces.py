"""One trace a run, over real processes: caller, state manager, worker."""

import asyncio
import json
import os
import re
import signal
import sys
import tomllib
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from redis import Redis

from exosphere_core.keys import ShardKeys
from exosphere_core.records import Task
from exosphere_core.traces import own_trace
from exospherehost import StateManager, blocking
from otel.drawn import above, drawing, ids
from system.stack import KEY, NAMESPACE, Stack, spread_work_gather, wait_for

ROOT = Path(__file__).parents[2]

#: Draws the spans of a worker, and writes them to a file, one a line.
TRACED = """
import json
import os

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from exosphere_otel import ExosphereInstrumentor


class Lines(SpanExporter):
    def export(self, spans):
        with open(os.environ["SPANS"], "a") as file:
            for span in spans:
                file.write(json.dumps(json.loads(span.to_json())) + "\\n")
        return SpanExportResult.SUCCESS


provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(Lines()))
ExosphereInstrumentor().instrument(tracer_provider=provider)
"""

NODES = """
from pydantic import BaseModel

from exospherehost import BaseNode, Runtime


class Greet(BaseNode):
    async def execute(self):
        pass


runtime = Runtime(namespace="test", name="greeter", nodes=[Greet])
"""


#: `opentelemetry-instrument`, wherever that is installed.
AUTO_INSTRUMENTED = "from opentelemetry.instrumentation.auto_instrumentation import run; run()"


def spans_in(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def trace_of(span: dict[str, Any]) -> str:
    return str(span["context"]["trace_id"]).removeprefix("0x")


def above_in(span: dict[str, Any]) -> str:
    return str(span["parent_id"]).removeprefix("0x")


def instrumented(stack: Stack, folder: Path, name: str, *arguments: str, **environ: str) -> None:
    """Start a command of ours under `opentelemetry-instrument`; its spans are among what it prints."""
    # As the wheel says; the tests may run beside an installation that is older.
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    points = "".join(f"{point} = {where}\n" for point, where in declared["opentelemetry_instrumentor"].items())
    metadata = folder / "exosphere_declared-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: exosphere-declared\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[opentelemetry_instrumentor]\n{points}")
    exporters = ("--traces_exporter", "console", "--metrics_exporter", "none", "--logs_exporter", "none")
    command = (sys.executable, "-P", "-m", "exosphere_cli.main", *arguments)
    stack.as_users_do(name)
    stack.start(
        name,
        [sys.executable, "-c", AUTO_INSTRUMENTED, *exporters, *command],
        PYTHONPATH=os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]),
        OTEL_SERVICE_NAME=f"service-{name}",
        **environ,
    )


@pytest.fixture
def traced(stack: Stack, tmp_path: Path) -> Path:
    """A state manager that knows nothing of OpenTelemetry, and a worker with all nodes that draws spans: where they are written."""
    file = tmp_path / "spans"
    script = tmp_path / "traced_worker.py"
    script.write_text(
        TRACED + f"import runpy, sys\nsys.argv = ['nodes.py', 'rt']\n"
        f"runpy.run_path({str(ROOT / 'tests/system/nodes.py')!r}, run_name='__main__')\n"
    )
    stack.state_manager()
    stack.start("rt", [sys.executable, str(script)], SPANS=str(file))
    stack.graph("wide", *spread_work_gather(3))
    return file


def test_a_run_that_is_triggered_within_a_span_has_all_its_attempts_below_it(stack: Stack, traced: Path) -> None:
    async def trigger(manager: StateManager) -> str:
        return str((await manager.trigger("wide"))["run_id"])

    with drawing() as drawn:
        tracer = drawn.provider.get_tracer("shop")
        with tracer.start_as_current_span("order"):
            run = asyncio.run(trigger(stack.manager()))
        # By the client that needs no event loop.
        with (
            tracer.start_as_current_span("another"),
            blocking.StateManager(NAMESPACE, stack.environ["EXOSPHERE_STATE_MANAGER_URI"], KEY) as manager,
        ):
            other = str(manager.trigger("wide")["run_id"])
        stack.wait_run(run)
        stack.wait_run(other)
        for name, of in (("order", run), ("another", other)):
            wait_for(
                "all attempts are drawn",
                lambda of=of: sum(span["attributes"]["exosphere.run_id"] == of for span in spans_in(traced)) == 5,
            )
            spans = [span for span in spans_in(traced) if span["attributes"]["exosphere.run_id"] == of]
            assert sorted(span["name"] for span in spans) == [
                "execute Gather", "execute Spread", "execute Work", "execute Work", "execute Work",
            ]  # fmt: skip
            assert {(trace_of(span), above_in(span)) for span in spans} == {ids(drawn.one(name))}
            assert {span["attributes"]["exosphere.state_id"] for span in spans} <= {
                state["id"] for state in stack.states(of)
            }
        assert above(drawn.one("order")) is None


def test_a_run_that_came_with_no_trace_has_one_of_its_own_with_a_root(stack: Stack, traced: Path) -> None:
    run = stack.trigger("wide")
    stack.wait_run(run)
    spans: list[dict[str, Any]] = wait_for("all are drawn", lambda: len(found := spans_in(traced)) == 6 and found)
    trace_id, span_id = own_trace(run)
    assert {trace_of(span) for span in spans} == {trace_id}
    (root,) = [span for span in spans if span["parent_id"] is None]
    assert (root["name"], root["context"]["span_id"]) == ("run wide", f"0x{span_id}")
    assert {above_in(span) for span in spans if span is not root} == {span_id}


def test_every_process_of_a_worker_is_found_by_auto_instrumentation(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "greet_nodes.py").write_text(NODES)
    stack.state_manager()
    instrumented(stack, tmp_path, "pool", "worker", "greet_nodes:runtime", "--processes", "2")
    stack.graph("greet", {"node_name": "Greet", "identifier": "greet", "inputs": {}})
    runs = [stack.trigger("greet") for _ in range(10)]
    for run in runs:
        stack.wait_run(run)
    stack.signal("pool", signal.SIGTERM)
    assert stack.wait_end("pool") == 0
    told = stack.log("pool")
    assert told.count('"name": "execute Greet"') == told.count('"name": "run greet"') == 10
    for run in runs:
        assert f'"trace_id": "0x{own_trace(run)[0]}"' in told
    assert '"service.name": "service-pool"' in told


def test_a_state_manager_that_draws_spans_makes_the_run_below_the_span_of_the_caller(
    stack: Stack, tmp_path: Path
) -> None:
    trace_id, span_id = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    instrumented(stack, tmp_path, "sm", "server", EXOSPHERE_PORT="0")
    listens = r"listens on (http://127\.0\.0\.1:\d+)"
    uri = stack.environ["EXOSPHERE_STATE_MANAGER_URI"] = wait_for(
        "it listens", lambda: re.search(listens, stack.log("sm"))
    )[1]
    stack.runtime()
    stack.graph("wide", *spread_work_gather(2))
    answer = httpx.post(
        f"{uri}/v0/namespace/{NAMESPACE}/graph/wide/trigger", json={},
        headers={"x-api-key": KEY, "traceparent": f"00-{trace_id}-{span_id}-01"},
    )  # fmt: skip
    run = answer.json()["run_id"]
    stack.wait_run(run)
    with Redis.from_url(stack.environ["EXOSPHERE_REDIS_URL"]) as redis:
        tasks = [
            msgspec.json.decode(redis.hget(ShardKeys(NAMESPACE, 0).state(state["id"]), "task"), type=Task)
            for state in stack.states(run)
        ]
    (carried,) = {task.trace for task in tasks}
    stack.signal("sm", signal.SIGTERM)
    assert stack.wait_end("sm") == 0
    told = stack.log("sm")
    made = told[told.index('"name": "run wide"') :]
    assert f'"trace_id": "0x{trace_id}"' in made
    assert f'"exosphere.run_id": "{run}"' in made
    drawn = re.search('"span_id": "0x(.{16})"', made)
    assert drawn is not None
    assert carried[:-2] == f"00-{trace_id}-{drawn[1]}-"
