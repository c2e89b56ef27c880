"""`python -m examples.log_report [DIRECTORY]`: its *.log files, or a sample of three."""

import sys
from pathlib import Path
from typing import Final

from examples.log_report.nodes import NAMESPACE
from examples.log_report.sample import write_sample
from examples.starter import ExampleFailed, System, run_example
from exospherehost import GraphNodeModel, UnitesModel

NODES: Final = [
    GraphNodeModel(
        node_name="ListLogs",
        namespace=NAMESPACE,
        identifier="list",
        inputs={"directory": "${{ store.directory }}"},
        next_nodes=["count"],
    ),
    GraphNodeModel(
        node_name="CountErrors",
        namespace=NAMESPACE,
        identifier="count",
        inputs={"file": "${{ list.outputs.file }}"},
        next_nodes=["table"],
    ),
    GraphNodeModel(
        node_name="MakeTable",
        namespace=NAMESPACE,
        identifier="table",
        inputs={"lines": "${{ count.outputs.lines }}", "errors": "${{ count.outputs.errors }}"},
        unites=UnitesModel(identifier="list"),
    ),
]


def directory_of_logs(folder: Path) -> Path:
    """Return the directory that is given, else one with a sample below `folder`. Raises ExampleFailed."""
    if len(sys.argv) < 2:
        write_sample(folder / "logs")
        return folder / "logs"
    given = Path(sys.argv[1]).absolute()
    if not any(given.glob("*.log")):
        raise ExampleFailed(f"{given} has no *.log files")
    return given


async def report(system: System) -> None:
    """Print the table of one directory."""
    directory = directory_of_logs(system.folder)
    outputs = await system.run("errors-per-hour", NODES, {"directory": str(directory)}, "table")
    print(outputs["table"])


if __name__ == "__main__":
    run_example(report, NAMESPACE, "examples.log_report.app:runtime")
