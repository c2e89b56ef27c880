"""docs/http-api.md: its calls reach a real state manager, in the order of the page."""

import ast
import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import exospherehost
from pages.blocks import DOCS, ROOT, blocks_of
from pages.play import Reader
from sdk.dev_process import Dev

PAGE = blocks_of(DOCS / "http-api.md")

#: Stands in for curl, which is not on every machine. Prints status and body; of a stream without end the first event.
CURL = f"""#!{sys.executable}
import argparse
import httpx

words = argparse.ArgumentParser()
words.add_argument("url")
words.add_argument("-X", default="GET")
words.add_argument("-N", action="store_true")
words.add_argument("-H", action="append")
words.add_argument("-d")
given = words.parse_args()
headers = dict(line.split(": ", 1) for line in given.H)
with httpx.stream(given.X, given.url, headers=headers, content=given.d, timeout=60, trust_env=False) as answer:
    if given.N:
        print(answer.status_code, next(answer.iter_text(), ""))
    else:
        print(answer.status_code, answer.read().decode())
"""

NODES = """
from exospherehost import BaseNode, Runtime
from pydantic import BaseModel

class Parse(BaseNode):
    class Inputs(BaseModel):
        source: str
        day: str

    async def execute(self) -> None:
        self.logger.info("parsing %s", self.inputs.day)

runtime = Runtime(namespace="default", name="etl", nodes=[Parse])
"""

ETL = {"node_name": "Parse", "namespace": "default", "identifier": "parse", "inputs": {"source": "s3://", "day": "-"}}


@pytest.fixture
def reader(dev: Dev, tmp_path: Path) -> Iterator[Reader]:
    """Somebody at a shell with curl, and a runtime and the graph `etl` in the namespace `default`."""
    (tmp_path / "curl").write_text(CURL)
    (tmp_path / "curl").chmod(0o755)
    (tmp_path / "etl.py").write_text(NODES)
    with Reader(tmp_path, {"EXOSPHERE_STATE_MANAGER_URI": dev.uri, "EXOSPHERE_API_KEY": dev.key}) as reader:
        reader.environment["PATH"] = f"{tmp_path}:{reader.environment['PATH']}"
        reader.start("exosphere worker etl:runtime")

        async def store() -> None:
            async with dev.manager("default") as manager:
                await manager.upsert_graph("etl", [ETL], {})
                await manager.resume_graph("etl")
                await manager.resume_queue("Parse")
                # What the page calls $RUN and $ID: a run that has ended, and a retry of many runs.
                reader.environment["RUN"] = (await manager.run("etl", timeout=60))["run_id"]
                reader.environment["ID"] = (await manager.retry_runs("etl"))["id"]

        asyncio.run(store())
        yield reader


def test_the_calls_of_the_page_are_answered(reader: Reader) -> None:
    statuses: list[int] = []
    for block in PAGE:
        if block.kind != "sh":
            continue
        reader.read(block)
        statuses += [int(line[:3]) for line in reader.printed.splitlines() if line[:3].isdigit()]
    assert len(statuses) == sum(block.code.count("curl ") for block in PAGE if block.kind == "sh")
    # The run has ended: there is nothing to cancel or to retry (409).
    assert set(statuses) <= {200, 201, 202, 204, 409}, statuses
    assert statuses.count(409) == 2


def test_what_the_page_does_in_python_runs(dev: Dev, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    [block] = [block for block in PAGE if block.kind == "python"]
    monkeypatch.setenv("EXOSPHERE_STATE_MANAGER_URI", dev.uri)
    monkeypatch.setenv("EXOSPHERE_API_KEY", dev.key)
    # A few days do.
    assert "range(100_000)" in block.code
    code = compile(block.code.replace("100_000", "3"), block.place, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    space: dict[str, Any] = {"StateManager": exospherehost.StateManager}

    async def run() -> None:
        await eval(code, space)

    asyncio.run(run())
    assert len(space["runs"]) == 3


def test_what_the_page_has_for_prometheus_is_what_deploy_has() -> None:
    [shown] = [yaml.safe_load(block.code) for block in PAGE if block.kind == "yaml"]
    deployed = yaml.safe_load((ROOT / "deploy/monitoring/prometheus.yaml").read_text())
    [job] = shown["scrape_configs"]
    assert job["authorization"]["credentials_file"]
    assert job.keys() - {"static_configs"} <= deployed["scrape_configs"][0].keys()
