"""Starts Python processes from one that has already imported what ours import: half of a short life would be imports.

The template is a process of its own, started as any other, with one thread and no event loop. Each process is forked from
it, gets its environment, its log and its command line, and is from then on the program that it was asked for, up to the
interpreter's own shutdown: it has a process id, signals and an exit status of its own, and dies with the driver.
"""

import atexit
import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

#: What the dynamic linker and the interpreter read before the first line runs: whoever sets it needs a process that is exec'd.
_READ_AT_EXEC = ("LD_", "DYLD_", "PYTHON")


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Template:
    """The process that others are forked from; it is started at the first need and dies with the driver."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).resolve()), str(theirs.fileno())],
                pass_fds=[theirs.fileno()], env=dict(environ), preexec_fn=_die_with_parent,
            )  # fmt: skip
        self._line = ours.makefile("rw")
        self._lock = Lock()
        ours.close()
        atexit.register(self.close)

    def ask(self, **question: Any) -> Any:
        """Ask the template and return its answer."""
        with self._lock:
            self._line.write(json.dumps(question) + "\n")
            self._line.flush()
            return json.loads(self._line.readline())

    def close(self) -> None:
        self._line.close()
        self._process.wait()


class Forked:
    """A process that was forked from the template; as `subprocess.Popen`, as far as tests look at one."""

    def __init__(self, template: Template, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._template = template

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._template.ask(poll=self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            time.sleep(0.005)
        return status

    def send_signal(self, number: int) -> None:
        # Until it was polled the template keeps its process id from being given to another.
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


#: By what their interpreters were started with.
_templates: dict[frozenset[tuple[str, str]], Template] = {}


def _read_at_exec(environ: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(each for each in environ.items() if each[0].startswith(_READ_AT_EXEC))


def prepare(environ: Mapping[str, str]) -> None:
    """Several processes are to be started with another library path, preloaded library or import path than the driver's:
    they are forked from a template of their own, which was exec'd with it.
    """
    if (kind := _read_at_exec(environ)) not in _templates:
        _templates[kind] = Template(environ)


def can_fork(command: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether a command is Python code or a Python file, in an environment that does not change the interpreter itself,
    unless that was prepared.
    """
    ours = command[0] == sys.executable and (command[1] == "-c" or command[1].endswith(".py"))
    kind = _read_at_exec(environ)
    return ours and (kind in _templates or kind == _read_at_exec(os.environ))


def fork(command: Sequence[str], environ: Mapping[str, str], log: Path) -> Forked:
    """Start a command that `can_fork`; what it says is appended to the log."""
    log.touch()
    if (kind := _read_at_exec(environ)) not in _templates:
        prepare(os.environ)
    template = _templates[kind]
    pid = template.ask(start={"command": command[1:], "environ": dict(environ), "log": str(log), "folder": os.getcwd()})
    return Forked(template, pid)


def _serve(channel: socket.socket) -> dict[str, Any] | None:
    """Answer until the driver closes the channel. Returns in each forked process, too, with what it is to be."""
    children: set[int] = set()
    line = channel.makefile("rw")
    while asked := line.readline():
        question = json.loads(asked)
        if "start" in question:
            if (answer := os.fork()) == 0:
                os.close(channel.fileno())
                channel.detach()
                return question["start"]
            children.add(answer)
        else:
            ended, status = os.waitpid(question["poll"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if ended else None
            children.discard(ended)
        line.write(json.dumps(answer) + "\n")
        line.flush()
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return None


def _become(start: Mapping[str, Any]) -> None:
    """Be the process that was asked for, up to its end."""
    _die_with_parent()
    log = os.open(start["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for number in (1, 2):
        os.dup2(log, number)
    os.close(log)
    os.environ.clear()
    os.environ.update(start["environ"])
    os.chdir(start["folder"])
    what, *arguments = start["command"]
    if what == "-c":
        code, *arguments = arguments
        sys.argv = ["-c", *arguments]
        sys.path[0] = ""
        exec(compile(code, "<string>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})
    else:
        sys.argv = [what, *arguments]
        sys.path[0] = str(Path(what).parent)
        runpy.run_path(what, run_name="__main__")


if __name__ == "__main__":
    for _module in ("exospherehost", "exosphere_orchestrator.server", "exosphere_orchestrator.background"):
        importlib.import_module(_module)
    # As of a process that a user starts, whatever the driver was started with.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Shared with the template: what no process of them changes is not copied.
    gc.freeze()
    if (told := _serve(socket.socket(fileno=int(sys.argv[1])))) is not None:
        _become(told)
