"""A child process: started in a session of its own, tied to its parent by a lifeline, its output passed on."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from exosphere_core.lifeline import Lifeline

#: Starts this command line again. -P: a file of the current directory must not stand in for a module of ours.
EXOSPHERE_COMMAND: Final = (sys.executable, "-P", "-m", "exosphere_cli.main")

#: Begins the one line with which a command of ours says why it ends.
ERROR_PREFIX: Final = "error: "

#: The module by which OpenTelemetry instruments a program that knows nothing of it.
_AUTO_INSTRUMENTATION: Final = "opentelemetry.instrumentation.auto_instrumentation"

#: Seconds for the last output of a process that has ended. It is there already,
#: unless a process of its own still holds the pipe.
_OUTPUT_S: Final = 1.0
_PAUSE_S: Final = 0.02


class Child:
    """A process that can be started again and again.

    A terminal's Ctrl-C does not reach it: the parent decides in which order its
    children end.

    Args:
        name: shown to the user.
        command: program and arguments.
        environment: the whole of it, without the lifeline.
        lifeline: the parent's.
        show: called with each line of output, from a thread.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        lifeline: Lifeline,
        show: Callable[[str], None],
    ) -> None:
        self.name = name
        self._command = list(command)
        self._environment = dict(environment)
        self._lifeline = lifeline
        self._show = show
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._last_line = ""
        self._last_error = ""

    @property
    def reason(self) -> str:
        """Why it ended, as far as it said so: its error line, else its last line, else its exit code."""
        code = self.poll()
        return self._last_error or self._last_line or f"it ended with exit code {code}"

    def start(self) -> None:
        """Start the process."""
        self._last_line = self._last_error = ""
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**_instrumented(self._environment), "PYTHONUNBUFFERED": "1", **self._lifeline.environment},
            pass_fds=(self._lifeline.fd,),
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    def poll(self) -> int | None:
        """Return None while it runs, else its exit code. What it printed last has been shown then."""
        if self._process is None:
            return 0
        code = self._process.poll()
        if code is not None and self._reader is not None:
            self._reader.join(_OUTPUT_S)
            self._reader = None
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def kill(self) -> None:
        """End it and whatever it started in its session at once."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self.poll()
            self._process = None

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as output:
            for raw in output:
                line = raw.decode(errors="replace").rstrip("\r\n")
                if line.startswith(ERROR_PREFIX):
                    self._last_error = line.removeprefix(ERROR_PREFIX)
                if line.strip():
                    self._last_line = line
                self._show(line)


def _instrumented(environment: Mapping[str, str]) -> dict[str, str]:
    """Have a child draw spans where this process was started by `opentelemetry-instrument`.

    Earlier versions of that take themselves out of the environment, so that no child of a program is instrumented.
    """
    found = sys.modules.get(_AUTO_INSTRUMENTATION)
    if found is None or found.__file__ is None:
        return dict(environment)
    path = environment.get("PYTHONPATH", "").split(os.pathsep)
    folder = os.path.dirname(found.__file__)
    return {
        **environment,
        "PYTHONPATH": os.pathsep.join([folder, *(each for each in path if each not in ("", folder))]),
    }


def stop_children(children: Iterable[Child], grace_s: float) -> None:
    """Ask children to end, all at once, and end those at once that have not after the grace time."""
    asked = list(children)
    for child in asked:
        child.terminate()
    deadline = time.monotonic() + grace_s
    while any(child.poll() is None for child in asked) and time.monotonic() < deadline:
        time.sleep(_PAUSE_S)
    for child in asked:
        child.kill()
