"""What this project needs besides Redis and workers: state managers that know the nodes."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.contenders.exosphere import MANAGERS_VARIABLE, NODES, SHARDS_VARIABLE
from bench.suite.children import end, start
from bench.system import SERVE, environ_of, free_port, register


@contextmanager
def state_managers(
    count: int, shards: int, redis_url: str, environ: dict[str, str]
) -> Iterator[list[subprocess.Popen[Any]]]:
    """Start state managers, and tell the environment of clients and workers where they are."""
    started: list[subprocess.Popen[Any]] = []
    ports = [free_port() for _ in range(count)]
    uris = [f"http://127.0.0.1:{port}" for port in ports]
    try:
        for port in ports:
            own = {**environ_of(redis_url, port), "EXOSPHERE_SHARDS": str(shards)}
            started.append(start([sys.executable, *SERVE], own))
        for uri in uris:
            asyncio.run(register(uri, NODES))
        environ.update(environ_of(redis_url, ports[0]))
        environ.update({MANAGERS_VARIABLE: ",".join(uris), SHARDS_VARIABLE: str(shards)})
        yield started
    finally:
        end(*started)
