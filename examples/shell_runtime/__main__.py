"""`python -m examples.shell_runtime [DIRECTORY]`: words in all *.md files below it, counted by a runtime in bash."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from examples.shell_runtime.in_python import python_runtime
from examples.starter import ROOT, ExampleFailed, System, run_example
from exospherehost import GraphNodeModel, RetryPolicyModel, RetryStrategyEnum, UnitesModel

NAMESPACE: Final = "words"
_SCRIPT: Final = Path(__file__).with_name("runtime.sh")
_TOOLS: Final = ("bash", "curl", "jq")
#: Seconds for the script to end what it does; a call of it is tried again for some minutes.
_STOP_S: Final = 15.0

NODES: Final = [
    GraphNodeModel(
        node_name="ListFiles",
        namespace=NAMESPACE,
        identifier="list",
        inputs={"directory": "${{ store.directory }}"},
        next_nodes=["count"],
    ),
    GraphNodeModel(
        node_name="CountWords",
        namespace=NAMESPACE,
        identifier="count",
        inputs={"file": "${{ list.outputs.file }}"},
        next_nodes=["total"],
    ),
    GraphNodeModel(
        node_name="Total",
        namespace=NAMESPACE,
        identifier="total",
        inputs={"words": "${{ count.outputs.words }}"},
        unites=UnitesModel(identifier="list"),
    ),
]
RETRIES: Final = RetryPolicyModel(max_retries=1, strategy=RetryStrategyEnum.FIXED, backoff_factor=100)


@contextmanager
def shell_runtime(system: System) -> Iterator[None]:
    """Run the script; it ends when its standard input is closed, also by the death of this process."""
    environment = {
        **os.environ,
        "NAMESPACE_URI": f"{system.uri}/v0/namespace/{NAMESPACE}",
        "EXOSPHERE_API_KEY": system.key,
    }
    with subprocess.Popen(
        ["bash", str(_SCRIPT)], env=environment, stdin=subprocess.PIPE, start_new_session=True
    ) as script:
        try:
            yield
        finally:
            assert script.stdin is not None
            script.stdin.close()
            try:
                script.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                script.kill()


def given_directory() -> Path:
    """Return the directory that is asked for. Raises ExampleFailed."""
    directory = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs").absolute()
    if not any(directory.rglob("*.md")):
        raise ExampleFailed(f"{directory} has no *.md files")
    return directory


async def count(system: System) -> None:
    """Print the total of one directory."""
    directory = given_directory()
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        print(f"There is no {' and no '.join(missing)} here: the runtime in Python stands in", file=sys.stderr)
        runtime = python_runtime(system.uri, system.key, NAMESPACE)
    else:
        runtime = shell_runtime(system)
    with runtime:
        store = {"directory": str(directory)}
        outputs = await system.run("count-words", NODES, store, "total", retry_policy=RETRIES)
    print(f"{outputs['words']} words in {outputs['files']} files")


if __name__ == "__main__":
    run_example(count, NAMESPACE)
