"""One contender on a new and empty Redis: what it needs is started, and ends with the block."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from types import MappingProxyType, TracebackType
from typing import Any, NamedTuple, Self

from bench.contenders import stamps
from bench.contenders.serve import REDIS_VARIABLE, SETTINGS_VARIABLE
from bench.suite.children import cpu_seconds, end, start
from bench.suite.servers import Servers, servers

OURS, FLOOR = "exosphere", "floor"
PEERS = ("celery", "arq", "taskiq", "dramatiq", "bullmq")
#: Whose CPU is told.
PARTS = ("redis", "state manager", "worker")
CONTENDERS = (OURS, *PEERS, FLOOR)

_ROOT = Path(__file__).resolve().parents[2]
_NODE = _ROOT / "bench" / "contenders" / "bullmq"
#: Python of the peers' own environment, and what names another one.
_PEERS_PYTHON, _PEERS_VARIABLE = _ROOT / ".venv" / "peers" / "bin" / "python", "BENCH_PEERS_PYTHON"

#: How often a file of stamps is looked at, in s.
_LOOK_S = 0.001
#: Of what is left by the pace so far; and the longest wait between two looks, in s.
_LOOK_SHARE, _LONGEST_LOOK_S = 0.05, 0.02


class Plan(NamedTuple):
    """How a stage is set.

    Attributes:
        masters: of a cluster; 0 for a single server.
        settings: of the contender, where they differ from its best.
        patience_s: how long one wait may take.
    """

    contender: str
    durability: str = "everysec"
    managers: int = 1
    shards: int = 1
    masters: int = 0
    settings: Mapping[str, Any] = MappingProxyType({})
    patience_s: float = 300.0


class Failed(Exception):
    """A contender did not do what was asked of it; the text says what."""


def command_of(contender: str, what: str) -> list[str]:
    """The command of a contender's client, or of its worker."""
    if contender == "bullmq":
        return ["node", str(_NODE / "main.mjs"), what]
    own = contender in (OURS, FLOOR, "arq")
    python = sys.executable if own else os.environ.get(_PEERS_VARIABLE, str(_PEERS_PYTHON))
    return [python, "-m", "bench.contenders", what, contender]


def missing(contender: str) -> str | None:
    """Why a contender can't run here, or None."""
    if contender == "bullmq" and not (which("node") and (_NODE / "node_modules").is_dir()):
        return "Node.js or its packages are missing; `make bench` installs the packages"
    if not which(command_of(contender, "client")[0]):
        return "the environment of the peers is missing: .venv/peers, which `make bench` makes"
    return None


@dataclass
class Stage:
    """Use as a context manager."""

    plan: Plan
    workers: list[subprocess.Popen[Any]] = field(default_factory=list)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="exo-bench-")))
            self.redis: Servers = stack.enter_context(servers(folder, self.plan.durability, self.plan.masters))
            self._stamps = folder / "stamps"
            self._stamps.touch()
            self._log = stack.enter_context((folder / "log").open("a+"))
            self._environ = {
                REDIS_VARIABLE: self.redis.url,
                SETTINGS_VARIABLE: json.dumps(dict(self.plan.settings)),
                stamps.VARIABLE: str(self._stamps),
            }
            self.managers: list[subprocess.Popen[Any]] = []
            if self.plan.contender == OURS:
                # Imported here: what describes peers alone does not need it.
                from bench.suite.ours import state_managers

                self.managers = stack.enter_context(
                    state_managers(self.plan.managers, self.plan.shards, self.redis.url, self._environ)
                )
            self._client = self._start("client", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            # Closes the pipes, once it has ended.
            stack.enter_context(self._client)
            stack.callback(end, self._client)
            stack.callback(self.stop_workers)
            self._ended = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.__exit__(kind, error, trace)

    def start_workers(self, count: int = 1) -> None:
        """Start worker processes."""
        self.workers += [self._start("work", stdout=self._log) for _ in range(count)]

    def stop_workers(self) -> None:
        """End all of them and wait for it."""
        end(*self.workers)
        self.workers.clear()

    def ask(self, do: str, **sizes: int) -> dict[str, Any]:
        """Have the client do something.

        Returns:
            `began`, in seconds of the monotonic clock, `took`, in s, and `found`.

        Raises:
            Failed: it can't.
        """
        writer, reader = self._client.stdin, self._client.stdout
        assert writer is not None
        assert reader is not None
        writer.write(json.dumps({"do": do, **sizes}) + "\n")
        writer.flush()
        line = reader.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": f"its client ended; {self._last_words()}"}
        if "error" in answer:
            raise Failed(f"{self.plan.contender}: {do}: {answer['error']}")
        return answer

    def stamps(self, start: int = 0) -> list[float]:
        """When tasks were executed, from the given one on."""
        return stamps.read(self._stamps, start)

    def executed(self) -> int:
        """How many tasks were executed."""
        return stamps.count(self._stamps)

    def wait_executed(self, count: int) -> None:
        """Wait until so many were.

        Raises:
            Failed: not in time, or a worker ended.
        """
        began, before = time.monotonic(), self.executed()

        def left_s() -> float:
            """How long it will take at the pace that was seen so far."""
            done = self.executed() - before
            return (time.monotonic() - began) * (count - before - done) / done if done > 0 else 0.0

        self._wait(lambda: self.executed() >= count, f"{count:,} tasks executed", left_s)

    def wait_ended(self, tasks: int, runs: int) -> None:
        """Wait until Redis holds the results of so many tasks, and of so many runs.

        Raises:
            Failed: not in time, or a worker ended.
        """
        self.wait_executed(tasks)
        self._wait(lambda: self.ask("ended", tasks=tasks, runs=runs)["found"], "all results in Redis")

    def cpu(self) -> dict[str, float]:
        """Seconds of CPU so far, by part."""
        pids = (self.redis.pids, _pids(self.managers), _pids(self.workers))
        return {part: cpu_seconds(some) for part, some in zip(PARTS, pids, strict=True)}

    def _start(self, what: str, **streams: Any) -> subprocess.Popen[Any]:
        return start(command_of(self.plan.contender, what), self._environ, stderr=self._log, **streams)

    def _wait(self, look: Callable[[], bool], what: str, left_s: Callable[[], float] = lambda: 0.0) -> None:
        deadline = time.monotonic() + self.plan.patience_s
        while not look():
            if any(worker.poll() is not None for worker in self.workers):
                raise Failed(f"{self.plan.contender}: a worker ended; {self._last_words()}")
            if time.monotonic() > deadline:
                raise Failed(f"not within {self.plan.patience_s:.0f} s: {what} ({self.executed():,} executed)")
            # Who looks takes a part of the cores: seldom while the end is far, at short intervals when it is near.
            time.sleep(min(_LONGEST_LOOK_S, max(_LOOK_S, left_s() * _LOOK_SHARE)))

    def _last_words(self) -> str:
        self._log.seek(0)
        return f"the last that was written: {self._log.read()[-1000:].strip()!r}"


def _pids(children: list[subprocess.Popen[Any]]) -> list[int]:
    return [child.pid for child in children]
