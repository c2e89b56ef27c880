"""`python -m ui COMMAND…`: `exosphere dev` with a runtime and graphs; runs a command that is told of them, and ends them all.

The command finds in its environment UI_URI, UI_KEY (root), UI_VIEWER_KEY, UI_NAMESPACE, UI_FOLDER, whose files its nodes
wait for, and UI_DEV, the id of the process `exosphere dev`.
"""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import NamedTuple

from conftest import die_with_driver
from exosphere_core import api
from exosphere_core.client import ApiClient
from system.stack import wait_for
from ui.graphs import GRAPHS

NAMESPACE = "test"


class Dev(NamedTuple):
    """An `exosphere dev` that runs."""

    process_id: int
    uri: str
    key: str


@contextmanager
def dev(folder: Path) -> Iterator[Dev]:
    """Run `exosphere dev` with a runtime for as long as the context lasts."""
    log = folder / "log"
    here = Path(__file__).resolve().parent
    settings = ("STATE_MANAGER_SECRET", "SECRETS_ENCRYPTION_KEY")
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith("EXOSPHERE_") and name not in settings
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "exosphere_cli.main", "dev", "--port", "0", "--no-build-dashboard",
                "--data-dir", str(folder / "data"), "--app", "nodes:runtime",
            ],
            cwd=here, env={**environ, "UI_FOLDER": str(folder)}, stdout=out, stderr=out, preexec_fn=die_with_driver,
        )  # fmt: skip
    try:
        wait_for("the runtime registered", lambda: process.poll() is not None or "runs Begin" in log.read_text())
        exports = dict(re.findall(r"export (EXOSPHERE_\w+)=(\S+)", log.read_text()))
        if process.poll() is not None or len(exports) < 2:
            raise RuntimeError(f"exosphere dev did not start:\n{log.read_text()}")
        yield Dev(process.pid, exports["EXOSPHERE_STATE_MANAGER_URI"], exports["EXOSPHERE_API_KEY"])
    finally:
        process.terminate()
        process.wait(timeout=60)


async def prepare(at: Dev) -> str:
    """Store the graphs that the tests run. Returns a key of the role viewer."""
    async with aclosing(ApiClient(at.uri, at.key)) as client:
        for name, graph in GRAPHS.items():
            await client.call(api.UPSERT_GRAPH, body=graph, namespace=NAMESPACE, graph_name=name)
        made = await client.call(api.CREATE_KEY, body={"role": "viewer"}, namespace=NAMESPACE)
        return str(made["key"])


def main(command: list[str]) -> int:
    """Run the command. Returns its exit code."""
    with tempfile.TemporaryDirectory(prefix="exo-ui-") as name, dev(Path(name)) as at:
        environ = {
            **os.environ, "UI_URI": at.uri, "UI_KEY": at.key, "UI_VIEWER_KEY": asyncio.run(prepare(at)),
            "UI_NAMESPACE": NAMESPACE, "UI_FOLDER": name, "UI_DEV": str(at.process_id),
        }  # fmt: skip
        return subprocess.run(command, env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
