"""All processes of a part of the campaign: Redis with what is before it, state managers, background jobs, runtimes."""

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from chaos.clock.shim import Clock, compiler
from chaos.fate import NODE_NAMES
from chaos.graphs import NAMESPACE
from chaos.topologies.servers import Servers
from conftest import die_with_driver
from exosphere_core import api
from exosphere_core.client import ApiClient
from exosphere_core.errors import ExosphereError
from exosphere_core.keys import ShardKeys
from ports import free_port
from system.stack import KEY, Stack

HERE = Path(__file__).resolve().parent
_BACKGROUND = (
    "from exosphere_orchestrator.background import run; "
    "from exosphere_orchestrator.settings import load_settings; run(load_settings())"
)
_MANAGER = (
    "from exosphere_orchestrator.server import serve; "
    "from exosphere_orchestrator.settings import load_settings; serve(load_settings())"
)
#: Where our processes find what they are made of.
IMPORT_PATH = {
    "PYTHONPATH": ":".join(str(HERE.parent.parent / place) for place in ("sdk", "worker", "orchestrator", "tests"))
}


def _of_runtimes(manager: str) -> str:
    """The name of the way to Redis of the runtimes that a state manager registered."""
    return f"{manager}-runtimes"


class Stage:
    """Starts everything and knows how to start each part again.

    Args:
        lease_ms: short, so that recovery from a dead worker is met often.
    """

    def __init__(self, redis: Servers, folder: Path, ledger: Path, managers: int, runtimes: int, lease_ms: int):
        self.redis = redis
        self.homes = [ShardKeys(NAMESPACE, shard) for shard in range(redis.shards)]
        self.lease_ms = lease_ms
        self.folder = folder
        self.managers = [f"sm{number}" for number in range(managers)]
        self.runtimes = [f"rt{number}" for number in range(runtimes)]
        self.stack = Stack("", folder, lease_ms)
        self.stack.environ |= {
            **IMPORT_PATH,
            "CHAOS_LEDGER": str(ledger),
            "EXOSPHERE_SHARDS": str(redis.shards),
            # How often a state loses its worker is up to the faults; that must not decide what its run comes to.
            "EXOSPHERE_MAX_LOST_LEASES": "1000000",
        }
        self.nodes = list(NODE_NAMES)
        self._ports = {name: free_port() for name in self.managers}
        self._clients: list[ApiClient] = []
        #: kind and exit status → how often a process ended by itself.
        self.started_again: Counter[str] = Counter()
        #: The clock that jumps, where it can be made, and the runtime that lives under it.
        self.clock = Clock(folder) if compiler() else None
        self.clocked: str | None = None

    async def start(self) -> None:
        """Start all, and wait until each state manager is ready."""
        wires = [wire for name in self.managers for wire in (name, _of_runtimes(name))]
        await self.redis.start([*wires, "background"])
        for name in self.managers:
            self.run(name)
        self.run("background")
        self._clients = [ApiClient(self.uri(name), KEY, timeout_s=20.0) for name in self.managers]
        for client in self._clients:
            await self._ready(client)
        for name in self.runtimes:
            self.run(name)

    def run(self, name: str, **environ: str) -> None:
        """Start a process of ours by its name, unless it runs."""
        process = self.stack.processes.get(name)
        if process is not None and process.poll() is None:
            return
        if name in self.runtimes:
            home = self.managers[self.runtimes.index(name) % len(self.managers)]
            environ = {"EXOSPHERE_STATE_MANAGER_URI": self.uri(home), **environ}
            if self.clock is not None and name == self.clocked:
                environ |= self.clock.environ
            self.stack.start(name, [sys.executable, str(HERE / "nodes.py"), name], **environ)
            return
        environ = {"EXOSPHERE_REDIS_URL": self.redis.url(name), **environ}
        if name == "background":
            self.stack.start(name, [sys.executable, "-c", _BACKGROUND], **environ)
        else:
            self.stack.start(
                name, [sys.executable, "-c", _MANAGER], EXOSPHERE_PORT=str(self._ports[name]),
                EXOSPHERE_WORKER_REDIS_URL=self.redis.url(_of_runtimes(name)), **environ,
            )  # fmt: skip

    def uri(self, manager: str) -> str:
        return f"http://127.0.0.1:{self._ports[manager]}"

    def pid(self, name: str) -> int:
        return self.stack.processes[name].pid

    async def call(self, number: int, row: api.Row, **call: Any) -> dict[str, Any]:
        """Call one of the state managers."""
        return await self._clients[number % len(self._clients)].call(row, **call)

    async def _ready(self, client: ApiClient) -> None:
        async with asyncio.timeout(60):
            while True:
                try:
                    await client.call(api.READY, timeout_s=5.0)
                    return
                except ExosphereError:
                    await asyncio.sleep(0.1)

    async def supervise(self) -> None:
        """Start again what ended by itself, as a supervisor does: a state manager that finds no Redis does not start."""
        while True:
            await asyncio.sleep(0.3)
            for name in (*self.managers, "background", *self.runtimes):
                process = self.stack.processes.get(name)
                if process is not None and process.poll() is not None:
                    self.started_again[f"{name.rstrip('0123456789')} {process.returncode}"] += 1
                    self.run(name)

    async def reconcile(self) -> tuple[int, str]:
        """Have `exosphere reconcile` mend what was lost, as an operator does. Returns its exit status and what it said."""
        environ = {**self.stack.environ, "EXOSPHERE_REDIS_URL": self.redis.url()}
        command = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "exosphere_cli.main", "reconcile", env=environ,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=die_with_driver,
        )  # fmt: skip
        said, _ = await command.communicate()
        assert command.returncode is not None
        return command.returncode, said.decode()

    async def heal(self) -> None:
        """Faults have ended: let everything run again."""
        await self.redis.heal()
        for process in self.stack.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
        for name in (*self.managers, "background", *self.runtimes):
            self.run(name)
        for client in self._clients:
            await self._ready(client)

    def log_counts(self, *words: str) -> dict[str, int]:
        """How often the logs of state managers and runtimes hold some words."""
        texts = [self.stack.log(name) for name in (*self.managers, *self.runtimes)]
        return {word: sum(text.count(word) for text in texts) for word in words}

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()
        self.stack.close()
        await self.redis.stop()
