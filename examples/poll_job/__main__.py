"""`python -m examples.poll_job [FILE]`: has another system compute its SHA-256; without a file, that of Python itself."""

import sys
from pathlib import Path
from typing import Final

from examples.poll_job.job_server import job_server
from examples.poll_job.nodes import NAMESPACE
from examples.starter import ExampleFailed, System, run_example
from exospherehost import GraphNodeModel

NODES: Final = [
    GraphNodeModel(
        node_name="StartJob",
        namespace=NAMESPACE,
        identifier="start",
        inputs={"server": "${{ store.server }}", "file": "${{ store.file }}"},
        next_nodes=["await"],
    ),
    GraphNodeModel(
        node_name="AwaitJob",
        namespace=NAMESPACE,
        identifier="await",
        inputs={"server": "${{ store.server }}", "job": "${{ start.outputs.job }}"},
    ),
]


def given_file() -> Path:
    """Return the file that is asked for. Raises ExampleFailed."""
    file = Path(sys.argv[1] if len(sys.argv) > 1 else sys.executable).absolute()
    if not file.is_file():
        raise ExampleFailed(f"{file} is no file")
    return file


async def ask(system: System) -> None:
    """Print the result of one job."""
    file = given_file()
    with job_server() as server:
        outputs = await system.run("sha256", NODES, {"server": server, "file": str(file)}, "await")
    print(f"{outputs['result']}  {file}")
    print(f"The job server was asked {outputs['asked']} times")


if __name__ == "__main__":
    run_example(ask, NAMESPACE, "examples.poll_job.app:runtime")
