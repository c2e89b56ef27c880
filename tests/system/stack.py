"""Real processes over a real Redis: state managers and runtimes that a test starts, kills and waits for."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from conftest import die_with_driver
from exosphere_core import api
from exosphere_core.client import ApiClient
from exosphere_core.errors import ExosphereError
from exosphere_orchestrator.vault import new_key
from exospherehost import StateManager
from system import warm_start

KEY = "test-key"
NAMESPACE = "test"
HERE = Path(__file__).resolve().parent

#: An error that no agent foresees, as it is logged: the traceback is indented, and its last line names the error.
_UNFORESEEN = re.compile(r"failed, tries again\n(?: {4}.*\n)*? {4}(\w[^\n]*)\n(?! {4})")

#: Upper bound on any wait, in s: long past what anything here takes.
PATIENCE_S = 60.0


def wait_for(what: str, condition: Callable[[], Any], within_s: float = PATIENCE_S) -> Any:
    """Wait until a condition holds and return what it gave."""
    deadline = time.monotonic() + within_s
    pause_s = 0.01
    while True:
        if found := condition():
            return found
        assert time.monotonic() < deadline, f"waited {within_s} s in vain: {what}"
        time.sleep(pause_s)
        # What takes longer is waited for with longer pauses: the looks must not take the cores from the processes.
        pause_s = min(0.1, pause_s * 1.3)


class Stack:
    """Started processes by name; all are ended when the test ends.

    They are forked from a process that has the imports behind it, unless a test names one in `as_users_do`.
    """

    def __init__(self, redis_url: str, folder: Path, lease_ms: int = 1500) -> None:
        self.folder = folder
        self.ledger = folder / "ledger"
        self.ledger.touch()
        self._exec_only: set[str] = set()
        self.processes: dict[str, subprocess.Popen[bytes] | warm_start.Forked] = {}
        self.ports: dict[str, int] = {}
        self.environ = {
            **os.environ,
            "EXOSPHERE_REDIS_URL": redis_url,
            "STATE_MANAGER_SECRET": KEY,
            "SECRETS_ENCRYPTION_KEY": new_key(),
            "EXOSPHERE_LEASE_MS": str(lease_ms),
            "EXOSPHERE_API_KEY": KEY,
            "LEDGER": str(self.ledger),
        }

    def state_manager(self, name: str = "sm", before: str = "", **environ: str) -> str:
        """Start a state manager, wait until it is ready, and return its URI. `before` is code that it runs first."""
        code = (
            f"{before}from exosphere_orchestrator.server import serve; "
            "from exosphere_orchestrator.settings import load_settings; serve(load_settings())"
        )
        told_before = len(self.log(name)) if (self.folder / f"{name}.log").exists() else 0
        # A port of the system's choice: one that was free a moment ago may be taken by a test that runs beside this one.
        self.start(name, [sys.executable, "-c", code], **{"EXOSPHERE_PORT": "0", **environ})
        told = wait_for(
            f"{name} listens",
            lambda: (
                re.search(r"listens on http://127\.0\.0\.1:(\d+)", self.log(name)[told_before:])
                or self.processes[name].poll() is not None
            ),
        )
        assert isinstance(told, re.Match), self.log(name)[told_before:]
        port = self.ports[name] = int(told[1])
        uri = f"http://127.0.0.1:{port}"
        self.environ.setdefault("EXOSPHERE_STATE_MANAGER_URI", uri)
        self.call(api.READY, uri=uri)
        return uri

    def runtime(self, name: str = "rt", **environ: str) -> None:
        """Start a runtime with all nodes."""
        self.start(name, [sys.executable, str(HERE / "nodes.py"), name], **environ)

    def as_users_do(self, name: str) -> None:
        """This process is to be started as users do, imports and all: the test is about how it starts or ends."""
        self._exec_only.add(name)

    def reconcile(self) -> None:
        """Have the reconciler mend what was lost, as an operator does."""
        command = [sys.executable, "-m", "exosphere_cli.main", "reconcile"]
        ended = subprocess.run(
            command, env=self.environ, capture_output=True, text=True, timeout=PATIENCE_S, preexec_fn=die_with_driver,
            check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def start(self, name: str, command: list[str], **environ: str) -> None:
        environ = {**self.environ, **environ}
        log = self.folder / f"{name}.log"
        if name not in self._exec_only and warm_start.can_fork(command, environ):
            self.processes[name] = warm_start.fork(command, environ, log)
            return
        with log.open("ab") as written:
            self.processes[name] = subprocess.Popen(
                command, env=environ, stdout=written, stderr=written, preexec_fn=die_with_driver
            )

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def bugs(self) -> list[str]:
        """The last lines of all errors that an agent did not foresee: it logs them and tries again, so that nothing else tells."""
        texts = "".join(file.read_text() for file in sorted(self.folder.glob("*.log")))
        return [found[1] for found in _UNFORESEEN.finditer(texts)]

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def signal(self, name: str, number: signal.Signals) -> None:
        self.processes[name].send_signal(number)

    def wait_end(self, name: str) -> int:
        return self.processes.pop(name).wait(timeout=PATIENCE_S)

    def close(self) -> None:
        for name in list(self.processes):
            self.kill(name)

    def call(self, row: api.Row, uri: str | None = None, body: Mapping[str, Any] | None = None, **path: Any) -> Any:
        """Make one HTTP call and return its answer."""
        query = path.pop("query", None)

        async def once() -> Any:
            client = ApiClient(uri or self.environ["EXOSPHERE_STATE_MANAGER_URI"], KEY, timeout_s=PATIENCE_S)
            try:
                return await client.call(row, body=body, query=query, **path)
            finally:
                await client.aclose()

        return asyncio.run(once())

    def graph(self, name: str, *nodes: dict[str, Any], **extra: Any) -> None:
        """Store a graph and wait until it is valid: the runtime may still be registering."""
        body = {"nodes": [{"namespace": NAMESPACE, **node} for node in nodes], **extra}
        self.call(api.UPSERT_GRAPH, body=body, namespace=NAMESPACE, graph_name=name)

        def valid() -> bool:
            answer = self.call(api.GET_GRAPH, namespace=NAMESPACE, graph_name=name)
            return bool(answer["validation_status"] == "VALID")

        wait_for(f"graph {name} is valid", valid)

    def manager(self, uri: str | None = None) -> StateManager:
        """The SDK's client of a state manager."""
        return StateManager(NAMESPACE, uri or self.environ["EXOSPHERE_STATE_MANAGER_URI"], KEY)

    def trigger(self, graph: str, **body: Any) -> str:
        run: str = self.call(api.TRIGGER, body=body, namespace=NAMESPACE, graph_name=graph)["run_id"]
        return run

    def wait_run(self, run: str, uri: str | None = None) -> dict[str, Any]:
        """Wait until a run has ended."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                answer: dict[str, Any] = self.call(
                    api.WAIT_RUN, uri=uri, namespace=NAMESPACE, run_id=run, query={"timeout_ms": 5000}
                )
            except ExosphereError:
                continue
            if answer["status"] != "PENDING":
                return answer
        raise AssertionError(f"run {run} did not end")

    def states(self, run: str, identifier: str | None = None) -> list[dict[str, Any]]:
        """The states of a run, with their details."""

        async def read() -> list[dict[str, Any]]:
            client = ApiClient(self.environ["EXOSPHERE_STATE_MANAGER_URI"], KEY, timeout_s=PATIENCE_S)
            try:
                structure = await client.call(api.GET_STRUCTURE, namespace=NAMESPACE, run_id=run)
                graph = structure["graph_name"]
                return [
                    await client.call(
                        api.GET_STATE, namespace=NAMESPACE, graph_name=graph, run_id=run, state_id=node["id"]
                    )
                    for node in structure["nodes"]
                    if identifier in (None, node["identifier"])
                ]
            finally:
                await client.aclose()

        return asyncio.run(read())

    def ledger_lines(self) -> list[str]:
        return self.ledger.read_text().splitlines()


def spread_work_gather(width: int, ms: int = 5) -> tuple[dict[str, Any], ...]:
    """Fan out, work, unite."""
    return (
        {"node_name": "Spread", "identifier": "spread", "inputs": {"width": str(width)}, "next_nodes": ["work"]},
        {
            "node_name": "Work", "identifier": "work",
            "inputs": {"value": "${{ spread.outputs.value }}", "ms": str(ms)}, "next_nodes": ["all"],
        },
        {
            "node_name": "Gather", "identifier": "all", "unites": {"identifier": "spread"},
            "inputs": {"values": "${{ work.outputs.value }}", "workers": "${{ work.outputs.worker }}"},
        },
    )  # fmt: skip
