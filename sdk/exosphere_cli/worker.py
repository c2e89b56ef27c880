"""`exosphere worker`: run a runtime that a Python module defines."""

import os
import sys
import tempfile
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from exosphere_cli.health_options import HEALTH_HOST, HEALTH_PORT
from exosphere_cli.runtime_loader import load_runtime, split_target
from exosphere_cli.server_options import DATA_DIR, KEY, PROFILE, URI
from exosphere_cli.source_watch import source_root
from exosphere_cli.whereabouts import Given, find_server
from exosphere_cli.worker_pool import HEALTH_SOCKET_VARIABLE, WorkerPool
from exosphere_core.access import KEY_VARIABLE, URI_VARIABLE
from exosphere_core.errors import ConfigurationError
from exosphere_core.lifeline import Lifeline, watch_lifeline

if TYPE_CHECKING:
    from exosphere_worker.runtime import Runtime


@click.command(short_help="Run a worker: the Runtime that a module defines.")
@click.argument("target", metavar="PACKAGE.MODULE:RUNTIME")
@click.option(
    "--processes",
    type=click.IntRange(1, 1024),
    help="Run it in so many child processes; one that dies is started again.  [default: 1, this process itself]",
)
@click.option(
    "--reload", is_flag=True, help="For development: start it again, in child processes, when its code changes."
)
@HEALTH_PORT
@HEALTH_HOST
@PROFILE
@URI
@KEY
@DATA_DIR
@click.pass_context
def worker(
    context: click.Context,
    /,
    target: str,
    processes: int | None,
    reload: bool,
    health_port: int | None,
    health_host: str,
    profile: str | None,
    uri: str,
    key: str | None,
    data_dir: Path,
) -> None:
    """Run a worker: import PACKAGE.MODULE and start its RUNTIME.

    RUNTIME is a Runtime, or a function without arguments that returns one. The
    module is looked for in the current directory first, then on the Python path.

    \b
      # my_nodes.py
      runtime = Runtime(namespace="MyProject", name="loader", nodes=[LoaderNode])

      exosphere worker my_nodes:runtime
      exosphere worker my_nodes:runtime --processes 4 --health-port 8080
      exosphere worker my_nodes:runtime --reload

    A Runtime that was not made with address and key of the state manager gets them by
    these options, as client commands do; a default profile does not count: whose work
    a worker takes is to be said. In the directory of `exosphere dev` nothing needs to be said.

    GET /health answers 200 while Redis was reached within EXOSPHERE_HEALTH_AGE_MS
    (60000), else 503 and what is old; with --processes, for all of them. GET
    /metrics tells Prometheus what runs, what came of it and what was lost.

    SIGTERM or Ctrl-C: takes no new work, ends what is running, exits. A second one exits at once.
    """
    watch_lifeline()
    sources = {name: context.get_parameter_source(name) for name in ("profile", "uri", "key")}
    _tell_where(Given(profile, uri, key, "", data_dir, {**sources, "namespace": None}))
    try:
        if processes is None and not reload:
            _run_here(target, health_port, health_host)
        else:
            split_target(target)
            watched = source_root(target) if reload else None
            sys.exit(_run_pool(target, processes or 1, health_port, health_host, watched))
    except ValueError as wrong:
        raise ConfigurationError(str(wrong)) from None


def _tell_where(given: Given) -> None:
    """Put into the environment where the state manager is, for the module, which makes the Runtime, and for child processes."""
    server = find_server(given, key_needed=False, default_profile=False)
    # What is not known is not made up: the Runtime says what it lacks, if it does.
    if server.key or given.is_set("uri") or given.profile is not None:
        os.environ[URI_VARIABLE] = server.uri
    if server.key:
        os.environ[KEY_VARIABLE] = server.key


def _run_here(target: str, health_port: int | None, health_host: str) -> None:
    # Taken out of the environment: processes that a node starts are no workers.
    socket_path = os.environ.pop(HEALTH_SOCKET_VARIABLE, "")
    supervisor = os.getppid()
    runtime = load_runtime(target)
    with _health_of(runtime, health_port, health_host, socket_path):
        runtime.start()
    if socket_path and os.getppid() != supervisor:
        # It was killed and can't tidy up. The last process finds the folder empty.
        Path(socket_path).unlink(missing_ok=True)
        with suppress(OSError):
            Path(socket_path).parent.rmdir()


def _health_of(runtime: "Runtime", port: int | None, host: str, socket_path: str) -> AbstractContextManager[object]:
    """The health endpoint of this process: on a port, on its supervisor's socket, or none."""
    if port is None and not socket_path:
        return nullcontext()
    from exosphere_core.health import HealthServer, listen, listen_at
    from exosphere_worker.health import answers_of, answers_to_pool

    if port is None:
        answers = answers_to_pool(runtime.vitals)
        return HealthServer(listen_at(Path(socket_path)), answers)
    answers = answers_of(runtime.vitals)
    return HealthServer(listen(host, port), answers)


def _run_pool(target: str, processes: int, health_port: int | None, health_host: str, watched: Path | None) -> int:
    with Lifeline() as lifeline:
        if health_port is None:
            return WorkerPool(target, [None] * processes, lifeline, watched).run()
        from exosphere_core.health import HealthServer, listen
        from exosphere_worker.pool_health import answers_of_pool

        with tempfile.TemporaryDirectory(prefix="exosphere-") as folder:
            sockets = [Path(folder, f"{number}.sock") for number in range(1, processes + 1)]
            with HealthServer(listen(health_host, health_port), answers_of_pool(sockets)):
                return WorkerPool(target, sockets, lifeline, watched).run()
