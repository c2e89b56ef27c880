"""Runs the whole job on this machine.

Starts `exosphere dev` with two worker processes, declares the graph, triggers it, shows its
progress, prints where the report is, and stops everything again.
"""

import argparse
import asyncio
import os
import secrets
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from examples.dev_process import DevProcess, DidNotStart, environment_for_loopback, free_port
from examples.starter import ExampleFailed, declare, exosphere_command, interrupt, outputs_of
from examples.stdlib_report.graph import GRAPH_NAME, NAMESPACE, NODES, RETRIES, STORE
from examples.stdlib_report.progress import shown_progress
from exosphere_core.lifeline import Lifeline
from exospherehost import StateManager
from exospherehost.errors import ExosphereError

_ROOT: Final = Path(__file__).resolve().parents[2]
_APP: Final = "examples.stdlib_report.app:runtime"
_LOOK_S: Final = 0.15
#: Seconds for a run that an earlier demo left behind.
_EARLIER_S: Final = 120.0


def main() -> None:
    """Run the demo and exit: 0 when the report is written, else 1 with one line that says why."""
    arguments = _parse()
    console = Console(highlight=False)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    data_dir = Path(arguments.data_dir).absolute()
    log = data_dir / "demo.log"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        log.unlink(missing_ok=True)
        _demo(arguments, data_dir, log, console)
    except KeyboardInterrupt:
        _fail("interrupted; everything was stopped", log)
    except (ExampleFailed, DidNotStart, ExosphereError, OSError) as failed:
        _fail(" ".join(str(failed).split()), log)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.stdlib_report.demo",
        description="Analyse this Python's standard library with a workflow, and write a report.",
    )
    parser.add_argument("--data-dir", default=".exosphere/demo", help="Redis' data, keys and log (%(default)s)")
    parser.add_argument("--output", help="folder of the report (the data directory)")
    parser.add_argument("--processes", type=_at_least_one, default=2, help="worker processes (%(default)s)")
    parser.add_argument("--limit", type=_at_least_one, help="analyse only so many modules (all)")
    return parser.parse_args()


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number of at least 1")
    return int(text)


def _fail(reason: str, log: Path) -> None:
    print(f"error: {reason}", file=sys.stderr)
    if log.exists():
        print(f"The log is {log}", file=sys.stderr)
    sys.exit(1)


def _demo(arguments: argparse.Namespace, data_dir: Path, log: Path, console: Console) -> None:
    port, key = free_port(), secrets.token_urlsafe(32)
    uri = f"http://127.0.0.1:{port}"
    # The state manager is asked by this process too.
    os.environ.update(environment_for_loopback(os.environ))
    command = [
        *(exosphere_command(), "dev", "--host", "127.0.0.1", "--port", str(port), "--data-dir", str(data_dir)),
        *("--app", _APP, "--processes", str(arguments.processes)),
    ]
    _say(console, f"Starting Redis, a state manager, background jobs and {arguments.processes} worker processes")
    began = time.monotonic()
    with Lifeline() as lifeline:
        dev = DevProcess(command, {**os.environ, "STATE_MANAGER_SECRET": key}, _ROOT, log, lifeline)
        try:
            dev.wait_until_ready(f"{uri}/readyz")
            _say(console, f"Ready at {uri} after {time.monotonic() - began:.1f} s")
            store = {
                "folder": str(Path(arguments.output).absolute() if arguments.output else data_dir),
                "limit": str(arguments.limit or 0),
            }
            run, report = asyncio.run(_work(StateManager(NAMESPACE, uri, key), store, console))
        finally:
            _say(console, "Stopping")
            dev.stop()
    _summarise(console, run, report, arguments.processes, data_dir)


async def _work(
    manager: StateManager, store: Mapping[str, str], console: Console
) -> tuple[dict[str, Any], dict[str, str]]:
    """Declare the graph, run it, and return the run and the report's outputs."""
    await declare(manager, GRAPH_NAME, NODES, retry_policy=RETRIES, store_config=STORE)
    await _finish_earlier_runs(manager, console)
    run_id = (await manager.trigger(GRAPH_NAME, store=store))["run_id"]
    _say(console, f"Run {run_id} of graph {GRAPH_NAME}")
    with shown_progress(console) as show:
        while True:
            run = await manager.get_run(run_id)
            show(run)
            if run["status"] != "PENDING":
                break
            await asyncio.sleep(_LOOK_S)
    return run, await outputs_of(manager, run, "report")


async def _finish_earlier_runs(manager: StateManager, console: Console) -> None:
    """Runs of a demo that was interrupted go on by themselves; they would take this one's workers and its file."""
    runs = (await manager.list_runs(size=100))["runs"]
    for run in runs:
        if run["graph_name"] == GRAPH_NAME and run["status"] == "PENDING":
            _say(console, f"Run {run['run_id']} was interrupted earlier: it is brought to its end first")
            await manager.wait(run["run_id"], timeout=_EARLIER_S)


def _summarise(
    console: Console, run: Mapping[str, Any], report: Mapping[str, str], processes: int, data_dir: Path
) -> None:
    took_s = seconds_of(run)
    states = int(run["total_count"])
    data = shlex.quote(str(data_dir.relative_to(Path.cwd()) if data_dir.is_relative_to(Path.cwd()) else data_dir))
    exosphere = shlex.quote(_shown_command())
    lines = [
        "",
        f"Report   {report['page']}",
        f"Data     {report['data']}",
        f"Run      {states:,} states in {took_s:.1f} s: {states / took_s:,.0f} states a second "
        f"on {processes} worker processes",
        "",
        "Everything is stopped; the run is kept. To look at it:",
        f"  {exosphere} dev --data-dir {data}",
        f"  {exosphere} run show {run['run_id']} --namespace {NAMESPACE} --data-dir {data}    (in another terminal)",
        "The nodes are in examples/stdlib_report/nodes.py, the graph in graph.py beside it;",
        "README.md shows how to write your own, docs/architecture.md how it works.",
    ]
    for line in lines:
        _say(console, line)


def _shown_command() -> str:
    """The `exosphere` of this environment, as one would type it here."""
    if shutil.which("exosphere"):
        return "exosphere"
    here = Path(sys.executable).with_name("exosphere")
    return str(here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here)


def seconds_of(run: Mapping[str, Any]) -> float:
    """Return how long an ended run took, by Redis' clock; never 0."""
    began, ended = (datetime.fromisoformat(run[field]) for field in ("created_at", "ended_at"))
    return max((ended - began).total_seconds(), 0.001)


def _say(console: Console, line: str) -> None:
    # Paths are to be copied: never wrapped, never coloured.
    console.print(line, markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
