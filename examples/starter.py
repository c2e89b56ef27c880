"""A whole system for one example: Redis, state manager, background jobs and runtime, gone again when the example ends."""

import asyncio
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

from examples.dev_process import DevProcess, DidNotStart, environment_for_loopback, free_port
from exosphere_core.lifeline import Lifeline
from exospherehost import GraphNodeModel, StateManager, StoreConfigModel
from exospherehost.errors import ExosphereError, InvalidGraph

ROOT: Final = Path(__file__).resolve().parents[1]
_LOOK_S: Final = 0.1
#: Seconds until the runtime must have registered its nodes.
_REGISTERED_S: Final = 60.0
#: Seconds that the run of an example may take.
_RUN_S: Final = 300.0


class ExampleFailed(Exception):
    """The example can't be done. The message is one line for the user."""


@dataclass(frozen=True, slots=True)
class System:
    """Where the running system is, and how it is asked.

    Attributes:
        uri: of its state manager.
        key: API key that may do everything.
        manager: client for the namespace of the example.
        folder: temporary, removed after success.
    """

    uri: str
    key: str
    namespace: str
    manager: StateManager
    folder: Path

    async def declare(self, graph: str, nodes: Sequence[GraphNodeModel], **more: Any) -> None:
        """Upsert a graph: `declare` below."""
        await declare(self.manager, graph, nodes, **more)

    async def run(
        self, graph: str, nodes: Sequence[GraphNodeModel], store: Mapping[str, str], identifier: str, **more: Any
    ) -> dict[str, str]:
        """Declare a graph that needs this store, run it, and return the outputs of one of its nodes: `outputs` below."""
        await self.declare(graph, nodes, store_config=StoreConfigModel(required_keys=list(store)), **more)
        run = await self.manager.trigger(graph, store=store)
        return await self.outputs(run["run_id"], identifier)

    async def outputs(self, run_id: str, identifier: str) -> dict[str, str]:
        """Wait for a run to end, and return the outputs of one of its nodes: `outputs_of` below."""
        return await outputs_of(self.manager, await self.manager.wait(run_id, timeout=_RUN_S), identifier)


def run_example(work: Callable[[System], Awaitable[None]], namespace: str, app: str | None = None) -> None:
    """Start the system, do the work, stop everything, and exit: 0, or 1 with one line that says why.

    Args:
        namespace: of the example's nodes and graph.
        app: its `Runtime`, as for `exosphere dev --app`; None when it has none in Python.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    folder: Path | None = None
    try:
        folder = Path(tempfile.mkdtemp(prefix="exosphere-"))
        with _running(folder, namespace, app) as system:
            asyncio.run(_done(work, system))
    except KeyboardInterrupt:
        _fail("interrupted; everything was stopped", folder)
    except (ExampleFailed, DidNotStart, ExosphereError, OSError) as failed:
        _fail(" ".join(str(failed).split()), folder)
    else:
        shutil.rmtree(folder, ignore_errors=True)


async def declare(manager: StateManager, graph: str, nodes: Sequence[GraphNodeModel], **more: Any) -> None:
    """Upsert a graph. It becomes valid by itself once the runtime, which starts now, has registered its nodes.

    Args:
        more: other arguments of `StateManager.upsert_graph`.

    Raises:
        ExampleFailed: its nodes were not registered in time.
    """
    try:
        await manager.upsert_graph(graph, nodes, secrets={}, **more)
        return
    except InvalidGraph as invalid:
        reason = invalid
    deadline = time.monotonic() + _REGISTERED_S
    while (await manager.get_graph(graph))["validation_status"] != "VALID":
        if time.monotonic() > deadline:
            raise ExampleFailed(f"the nodes were not registered within {_REGISTERED_S:g} s: {reason.detail}")
        await asyncio.sleep(_LOOK_S)


async def outputs_of(manager: StateManager, run: Mapping[str, Any], identifier: str) -> dict[str, str]:
    """Return the outputs of the one state that a node has in a run that has ended.

    Raises:
        ExampleFailed: the run failed; the message has the last error. Or the node was pruned.
    """
    states = [state async for state in manager.states(run["run_id"])]
    if run["status"] != "SUCCESS":
        errors = [f"{state['identifier']}: {state['error']}" for state in states if state["error"]]
        reason = errors[-1] if errors else "no state tells why"
        raise ExampleFailed(f"run {run['run_id']} ended {run['status']}; {reason}")
    [found] = [state for state in states if state["identifier"] == identifier]
    if found["status"] != "SUCCESS":
        raise ExampleFailed(f"{identifier} has nothing to do: every branch before it ended {found['status']}")
    outputs: dict[str, str] = (await manager.get_state(run["graph_name"], run["run_id"], found["id"]))["outputs"]
    return outputs


def exosphere_command() -> str:
    """Return the path of this environment's `exosphere`. Raises ExampleFailed."""
    beside = Path(sys.executable).with_name("exosphere")
    command = str(beside) if beside.exists() else shutil.which("exosphere")
    if command is None:
        raise ExampleFailed("the command 'exosphere' is not installed; run: make demo")
    return command


def interrupt(number: int, frame: FrameType | None) -> None:
    """Handle a signal that asks to end like Ctrl-C."""
    raise KeyboardInterrupt


async def _done(work: Callable[[System], Awaitable[None]], system: System) -> None:
    await work(system)


@contextmanager
def _running(folder: Path, namespace: str, app: str | None) -> Iterator[System]:
    port, key = free_port(), secrets.token_urlsafe(32)
    uri = f"http://127.0.0.1:{port}"
    # The state manager is asked by this process too.
    os.environ.update(environment_for_loopback(os.environ))
    # The Redis of an example is its own, whichever else the environment names.
    environment = {name: value for name, value in os.environ.items() if name != "EXOSPHERE_REDIS_URL"}
    command = [
        *(exosphere_command(), "dev", "--host", "127.0.0.1", "--port", str(port), "--data-dir", str(folder / "data")),
        *("--no-build-dashboard", *(("--app", app) if app else ())),
    ]
    print("Starting Redis, a state manager and a runtime", file=sys.stderr)
    with Lifeline() as lifeline:
        environment["STATE_MANAGER_SECRET"] = key
        dev = DevProcess(command, environment, ROOT, folder / "log", lifeline)
        try:
            dev.wait_until_ready(f"{uri}/readyz")
            yield System(uri, key, namespace, StateManager(namespace, uri, key), folder)
        finally:
            dev.stop()


def _fail(reason: str, folder: Path | None) -> None:
    print(f"error: {reason}", file=sys.stderr)
    if folder is not None and (folder / "log").exists():
        print(f"The log is {folder / 'log'}", file=sys.stderr)
    sys.exit(1)
