"""Several processes of one worker: started, kept running, stopped."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

import click

from exosphere_cli.child import EXOSPHERE_COMMAND, Child, stop_children
from exosphere_cli.dev import worker_grace_s
from exosphere_cli.json_output import spelled
from exosphere_cli.keeper import Keeper
from exosphere_cli.source_watch import NO_COMPILED_FILES, SourceWatch
from exosphere_cli.worker_output import WorkerOutput
from exosphere_core.errors import ConfigurationError
from exosphere_core.lifeline import Lifeline

#: Names the Unix socket of a process' health endpoint. Set by a pool for its processes.
HEALTH_SOCKET_VARIABLE: Final = "EXOSPHERE_HEALTH_SOCKET"

_LOOK_S: Final = 0.05

#: As a shell counts it: 128 plus the number of SIGINT.
_INTERRUPTED: Final = 130

#: How a process may end when it is asked to: SIGTERM may come before it handles signals.
_ORDERLY: Final = (0, -signal.SIGTERM)


class _AtOnce(BaseException):
    """The user asked to stop a second time. No Exception: nothing on the way up may handle it."""


class WorkerPool:
    """Keeps the processes running until a signal asks to stop.

    Args:
        target: the runtime, as `package.module:attribute`.
        sockets: one for each process: where it answers for its health, or None.
        lifeline: ends the processes with this one.
        watched: the folder whose code they run: they are started again when it changes. None: it is not looked at.
    """

    def __init__(
        self, target: str, sockets: Sequence[Path | None], lifeline: Lifeline, watched: Path | None = None
    ) -> None:
        self._watched = watched
        environment = {**os.environ, **({} if watched is None else NO_COMPILED_FILES)}
        self._say = spelled(_write, "workers")
        names = [f"worker {number}" for number in range(1, len(sockets) + 1)]
        self._outputs = [WorkerOutput(spelled(_write, name)) for name in names]
        self._children = [
            Child(
                name,
                (*EXOSPHERE_COMMAND, "worker", target),
                {**environment, **({} if path is None else {HEALTH_SOCKET_VARIABLE: str(path)})},
                lifeline,
                output.show,
            )
            for name, path, output in zip(names, sockets, self._outputs, strict=True)
        ]
        #: Why a process refused to start, which ends them all.
        self._refusal = ""
        # A plain flag: the lock of an Event may be held by what the signal interrupts.
        self._stop_asked = False

    def run(self) -> int:
        """Run until SIGTERM or SIGINT. Returns the exit code: 0, 1 when a process did not end in order, 130 at once.

        Raises:
            ConfigurationError: a process refused to start; the others are stopped again.
        """
        _handle_signals(self._on_signal)
        try:
            try:
                self._keep_running()
            finally:
                self._stop_asked = True
                in_order = self._stop()
                _handle_signals(signal.SIG_IGN)
        except _AtOnce:
            _handle_signals(signal.SIG_IGN)
            self._kill()
            return _INTERRUPTED
        return 0 if in_order else 1

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._stop_asked:
            raise _AtOnce
        self._stop_asked = True

    def _keep_running(self) -> None:
        for child in self._children:
            if self._stop_asked:
                return
            child.start()
        now = time.monotonic()
        keepers = [Keeper(child.name, child, now, self._say) for child in self._children]
        watch = None if self._watched is None else SourceWatch(self._watched, now)
        first_start = set(self._children)
        while not self._stop_asked:
            for child, output, keeper in zip(self._children, self._outputs, keepers, strict=True):
                code = child.poll()
                if code is None:
                    output.look()
                elif child in first_start:
                    first_start.remove(child)
                    if code == 1 and (refusal := output.take_refusal()):
                        self._refusal = refusal
                        raise ConfigurationError(refusal)
                else:
                    output.flush()
                keeper.look(time.monotonic())
            if watch is not None and (changed := watch.look(time.monotonic())):
                self._restart(changed, keepers)
                first_start.clear()
            time.sleep(_LOOK_S)

    def _restart(self, file: str, keepers: Sequence[Keeper]) -> None:
        count = len(self._children)
        self._say(f"{file} changed; starting {'the worker' if count == 1 else f'{count} workers'} again")
        stop_children(self._children, worker_grace_s(os.environ))
        for output, keeper in zip(self._outputs, keepers, strict=True):
            output.flush()
            if not self._stop_asked:
                keeper.start_at_once(time.monotonic())

    def _stop(self) -> bool:
        """Ask all processes to end and wait for them. Returns whether each did so in order, in time."""
        running = [child for child in self._children if child.poll() is None]
        for child in running:
            child.terminate()
        deadline = time.monotonic() + worker_grace_s(os.environ)
        while any(child.poll() is None for child in running) and time.monotonic() < deadline:
            time.sleep(_LOOK_S)
        codes = {child.name: child.poll() for child in running}
        self._kill()
        for name, code in codes.items():
            if code is None:
                self._say(f"{name} did not end in time and was killed")
            elif code not in _ORDERLY:
                self._say(f"{name} did not end in order: exit code {code}")
        return all(code in _ORDERLY for code in codes.values())

    def _kill(self) -> None:
        for child, output in zip(self._children, self._outputs, strict=True):
            child.kill()
            output.flush(self._refusal)


def _handle_signals(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handler)


def _write(line: str) -> None:
    click.echo(line, err=True)
