"""`exosphere dev`: all that a developer needs, in one command."""

import os
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from exosphere_cli.child import EXOSPHERE_COMMAND, Child
from exosphere_cli.dashboard_build import ensure_dashboard
from exosphere_cli.dev_address import free_port, local_uri
from exosphere_cli.dev_output import DevOutput
from exosphere_cli.dev_session import DevSession, Parts
from exosphere_cli.extras import require_server_extra
from exosphere_cli.keys import DATA_DIR_VARIABLE, DEFAULT_DATA_DIR, LocalKeys, ensure_keys
from exosphere_cli.source_watch import NO_COMPILED_FILES, source_root
from exosphere_core.lifeline import Lifeline, watch_lifeline

#: What workers do not need to know.
_SERVER_ONLY: Final = ("EXOSPHERE_REDIS_URL", "STATE_MANAGER_SECRET", "SECRETS_ENCRYPTION_KEY")


@click.command(short_help="Run all that a developer needs, until Ctrl-C.")
@click.option(
    "--port", type=click.IntRange(0, 65535),
    help="Port of the HTTP API; 0 takes a free one.  [EXOSPHERE_PORT; default: 8000]",
)  # fmt: skip
@click.option("--host", help="Address that the HTTP API listens on.  [EXOSPHERE_HOST; default: 127.0.0.1]")
@click.option(
    "--data-dir", envvar=DATA_DIR_VARIABLE, default=DEFAULT_DATA_DIR, show_default=True, show_envvar=True,
    type=click.Path(file_okay=False, path_type=Path), help="Where the embedded Redis and the keys are kept.",
)  # fmt: skip
@click.option(
    "--app", "apps", multiple=True, metavar="PACKAGE.MODULE:RUNTIME",
    help="Also run this Runtime in a process of its own, and start it again when its code changes. May be repeated.",
)  # fmt: skip
@click.option(
    "--processes", type=click.IntRange(min=1), default=1, show_default=True, help="Processes that run each --app."
)
@click.option(
    "--build-dashboard/--no-build-dashboard", envvar="EXOSPHERE_BUILD_DASHBOARD", default=True, show_envvar=True,
    help="In a checkout: build the dashboard first, if it is not built and npm is there.  [default: build]",
)  # fmt: skip
def dev(
    port: int | None, host: str | None, data_dir: Path, apps: tuple[str, ...], processes: int, build_dashboard: bool
) -> None:
    """Run Redis, a state manager and the background jobs until Ctrl-C.

    Prints the address, the API key and what to do next. What dies is started again. Ctrl-C (or
    SIGTERM) stops everything in order: workers end what they are running first. A second one stops at once.

    \b
    Redis: with EXOSPHERE_REDIS_URL, that one. Without, a private server with its data in the data
    directory: redis-server or valkey-server of the PATH, else the one of 'exosphere-redis[embedded]'.

    \b
    Keys are made on the first start and kept in the data directory; these win over them:
      STATE_MANAGER_SECRET     root API key; clients send it as EXOSPHERE_API_KEY
      SECRETS_ENCRYPTION_KEY   encrypts graph secrets; without it they can't be read again

    \b
      exosphere dev --app my_nodes:runtime --processes 2
    """
    require_server_extra("dev")
    watch_lifeline()
    from exosphere_orchestrator.embedded import EmbeddedRedis
    from exosphere_orchestrator.settings import load_settings

    targets = {target: source_root(target) for target in apps}
    external = os.environ.get("EXOSPHERE_REDIS_URL", "")
    keys = ensure_keys(data_dir, os.environ)
    redis = None if external else EmbeddedRedis(data_dir)
    settings = load_settings(
        {
            **os.environ,
            # Where the embedded one listens is known when it runs; the rest is checked before that.
            "EXOSPHERE_REDIS_URL": external or "redis://",
            "STATE_MANAGER_SECRET": keys.api_key,
            "SECRETS_ENCRYPTION_KEY": keys.encryption_key,
        },
        host=host,
        port=port,
    )
    listen_port = free_port(settings.host, settings.port)
    uri = local_uri(settings.host, listen_port)
    names = worker_names(tuple(targets), processes)
    output = DevOutput(("dev", "server", "background", *(name for name, _ in names)))
    if build_dashboard:
        from exosphere_orchestrator.http.dashboard import BUILT, SOURCE

        ensure_dashboard(SOURCE, BUILT, output.printer("dev"))

    def make_parts(lifeline: Lifeline) -> Parts:
        for_servers = server_environment(os.environ, redis.url if redis else external, keys, data_dir)
        for_workers = worker_environment(os.environ, uri, keys.api_key)

        def child(name: str, environment: Mapping[str, str], *arguments: str) -> Child:
            return Child(name, (*EXOSPHERE_COMMAND, *arguments), environment, lifeline, output.printer(name))

        workers: dict[Path, list[Child]] = {}
        for name, target in names:
            workers.setdefault(targets[target], []).append(child(name, for_workers, "worker", target))
        return Parts(
            child("server", for_servers, "server", "--host", settings.host, "--port", str(listen_port)),
            child("background", for_servers, "background"),
            workers,
        )

    def welcome() -> None:
        output.welcome(
            uri, keys.api_key, f"{redis.server} in {data_dir}" if redis else "as EXOSPHERE_REDIS_URL says", apps
        )

    with Lifeline() as lifeline:
        session = DevSession(
            redis,
            lambda: make_parts(lifeline),
            f"{uri}/readyz",
            welcome,
            output.printer("dev"),
            worker_grace_s=worker_grace_s(os.environ),
        )
        code = session.run()
    sys.exit(code)


def server_environment(environ: Mapping[str, str], redis_url: str, keys: LocalKeys, data_dir: Path) -> dict[str, str]:
    """Return the environment of the state manager and the background jobs."""
    return {
        **environ,
        "EXOSPHERE_REDIS_URL": redis_url,
        "STATE_MANAGER_SECRET": keys.api_key,
        "SECRETS_ENCRYPTION_KEY": keys.encryption_key,
        DATA_DIR_VARIABLE: str(data_dir.absolute()),
    }


def worker_environment(environ: Mapping[str, str], uri: str, api_key: str) -> dict[str, str]:
    """Return the environment of a watched worker: it knows the state manager, not Redis nor the server's secrets."""
    kept = {name: value for name, value in environ.items() if name not in _SERVER_ONLY}
    return {**kept, **NO_COMPILED_FILES, "EXOSPHERE_STATE_MANAGER_URI": uri, "EXOSPHERE_API_KEY": api_key}


def worker_grace_s(environ: Mapping[str, str]) -> float:
    """Return how long to wait for a worker's end: its own grace time, and some seconds for handing back the rest."""
    given = environ.get("EXOSPHERE_SHUTDOWN_GRACE_MS", "")
    return (int(given) if given.isdecimal() else 10_000) / 1000 + 5


def worker_names(targets: tuple[str, ...], processes: int) -> list[tuple[str, str]]:
    """Return (name, target) of each worker process: the module, and a number where that is not enough."""
    started = [(target.partition(":")[0], target) for target in targets for _ in range(processes)]
    of_module = Counter(module for module, _ in started)
    numbers: Counter[str] = Counter()
    named = []
    for module, target in started:
        numbers[module] += 1
        named.append((f"{module} {numbers[module]}" if of_module[module] > 1 else module, target))
    return named
