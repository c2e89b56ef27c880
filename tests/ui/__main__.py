"""`python -m ui COMMAND…`: a state manager with a runtime and graphs; runs a command that is told of them, and ends them all.

The command finds in its environment UI_URI, UI_KEY (root), UI_VIEWER_KEY, UI_NAMESPACE, and UI_FOLDER, whose files its nodes
wait for.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import answers, die_with_driver, redis_server_binary
from exosphere_core import api
from system.stack import KEY, NAMESPACE, Stack, wait_for

NODES = Path(__file__).resolve().parent / "nodes.py"


@contextmanager
def redis_in(folder: Path) -> Iterator[str]:
    """A Redis that lives as long as the context."""
    socket = folder / "redis.sock"
    command = [redis_server_binary(), "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=die_with_driver)
    url = f"unix://{socket}"
    try:
        wait_for("redis-server answers", lambda: answers(url))
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)


def graphs(stage: Stack) -> None:
    """Store the graphs that the tests run."""
    stage.graph(
        "fan",
        {"identifier": "begin", "node_name": "Begin", "inputs": {"width": "5"}, "next_nodes": ["work"]},
        {
            "identifier": "work", "node_name": "Work", "next_nodes": ["gather"],
            "inputs": {"value": "${{ begin.outputs.value }}", "gate": "${{ store.gate }}"},
        },
        {
            "identifier": "gather", "node_name": "Gather", "inputs": {"values": "${{ work.outputs.value }}"},
            "unites": {"identifier": "begin"}, "next_nodes": [],
        },
        store_config={"default_values": {"gate": ""}},
    )  # fmt: skip
    stage.graph(
        "fragile",
        {"identifier": "begin", "node_name": "Begin", "inputs": {"width": "3"}, "next_nodes": ["fragile"]},
        {
            "identifier": "fragile", "node_name": "Fragile", "next_nodes": ["after"],
            "inputs": {"value": "${{ begin.outputs.value }}", "cure": "${{ store.cure }}"},
        },
        {"identifier": "after", "node_name": "Work", "inputs": {"value": "${{ fragile.outputs.value }}"}, "next_nodes": []},
        store_config={"required_keys": ["cure"]},
        retry_policy={"max_retries": 0},
        triggers=[{"type": "CRON", "value": {"expression": "0 3 * * *", "timezone": "Europe/Berlin"}}],
    )  # fmt: skip


def main(command: list[str]) -> int:
    """Run the command. Returns its exit code."""
    with tempfile.TemporaryDirectory(prefix="exo-ui-") as name, redis_in(folder := Path(name)) as url:
        stage = Stack(url, folder)
        try:
            uri = stage.state_manager()
            stage.start("rt", [sys.executable, str(NODES)], UI_FOLDER=name)
            graphs(stage)
            viewer = stage.call(api.CREATE_KEY, body={"role": "viewer"}, namespace=NAMESPACE)["key"]
            environ = {
                **os.environ, "UI_URI": uri, "UI_KEY": KEY, "UI_VIEWER_KEY": viewer, "UI_NAMESPACE": NAMESPACE, "UI_FOLDER": name,
            }  # fmt: skip
            return subprocess.run(command, env=environ, check=False).returncode
        finally:
            stage.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
