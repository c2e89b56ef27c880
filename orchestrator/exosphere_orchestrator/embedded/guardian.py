"""The process between an application and its embedded server: stops the server when the application is gone.

Run as a script, with the standard library alone, so that it starts fast and stays
small: `guardian.py LIFELINE_FD GRACE_S SERVER CONFIG`. It ends when the server has
ended, with the server's exit code (128 + n for signal n).

A terminal's Ctrl-C does not reach it: the application starts it in a session of its own.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
from types import FrameType

_PR_SET_PDEATHSIG = 1

#: Seconds between two looks at who the parent is. Only needed when a copy of the
#: application (a fork) still holds the pipe after the application's death.
_LOOK_S = 1.0


def main(arguments: list[str]) -> int:
    """Run the server until it ends or the application does. Returns the exit code."""
    lifeline, grace_s, command = int(arguments[0]), float(arguments[1]), arguments[2:]
    parent = os.getppid()
    os.umask(0o077)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    stop_asked = False

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        nonlocal stop_asked
        stop_asked = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, ask_to_stop)
    # Only its arrival matters: it wakes the wait below.
    signal.signal(signal.SIGCHLD, lambda number, frame: None)

    guardian = os.getpid()
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, close_fds=False, preexec_fn=lambda: _tie_to(guardian))
    while server.poll() is None and not stop_asked:
        readable, _, _ = select.select([lifeline, wake_read], [], [], _LOOK_S)
        if wake_read in readable:
            with contextlib.suppress(BlockingIOError):
                os.read(wake_read, 512)
        # Nothing is ever written into the lifeline: readable means that it was closed.
        if lifeline in readable or os.getppid() != parent:
            stop_asked = True
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(grace_s)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
    return server.returncode if server.returncode >= 0 else 128 - server.returncode


def _tie_to(guardian: int) -> None:
    """In the child, before it becomes the server: end with the guardian, even if that is killed (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != guardian:
            # It died before the line above took effect.
            os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
