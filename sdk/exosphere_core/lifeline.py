"""A lifeline ties child processes to their supervisor: when the supervisor dies, of whatever, they end.

The supervisor holds the write end of a pipe and never writes; each child inherits
the read end and learns its number from the environment. The kernel closes the
write end with the last process that holds it, so that end of file at the read end
means that the supervisor is gone. No other signal of death is this sure: a process
that is killed can tell nobody.
"""

import os
import signal
import stat
import threading
import time
from types import TracebackType
from typing import Final, Self

from exosphere_core.errors import ConfigurationError

#: Names the file descriptor of a lifeline's read end. Set by a supervisor for its children.
ENVIRONMENT_VARIABLE: Final = "EXOSPHERE_LIFELINE_FD"

#: Seconds that a process has for ending by itself once its supervisor is gone.
GRACE_S: Final = 10.0


class Lifeline:
    """The supervisor's side. Children live no longer than this object, or than the process that holds it."""

    def __init__(self) -> None:
        # Neither end is inherited unless asked for: a child that held the write end
        # would keep itself alive.
        self._read_fd, self._write_fd = os.pipe()

    @property
    def fd(self) -> int:
        """The read end, for `pass_fds`."""
        return self._read_fd

    @property
    def environment(self) -> dict[str, str]:
        """What a child's environment needs for `watch_lifeline`."""
        return {ENVIRONMENT_VARIABLE: str(self._read_fd)}

    def close(self) -> None:
        """Let go: children that still run are told to end. May be called again."""
        for name in ("_read_fd", "_write_fd"):
            fd = getattr(self, name)
            if fd >= 0:
                setattr(self, name, -1)
                os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def watch_lifeline(grace_s: float = GRACE_S) -> bool:
    """End this process when its supervisor is gone: SIGTERM to itself, after the grace time a hard exit.

    A thread does the watching, so that code which blocks can't put it off. Without
    `EXOSPHERE_LIFELINE_FD` there is no supervisor, and nothing happens.

    Args:
        grace_s: seconds between the signal and the hard exit.

    Returns:
        Whether there is a lifeline to watch.

    Raises:
        ConfigurationError: the variable names no open pipe.
    """
    # Taken out of the environment: a child of this process does not inherit the
    # descriptor, and would find something else under its number.
    named = os.environ.pop(ENVIRONMENT_VARIABLE, "")
    if not named:
        return False
    try:
        fd = int(named)
        is_pipe = stat.S_ISFIFO(os.fstat(fd).st_mode)
    except (ValueError, OSError, OverflowError):
        is_pipe = False
    if not is_pipe:
        raise ConfigurationError(
            f"{ENVIRONMENT_VARIABLE}={named!r} is no open pipe; only a supervisor sets it for its children: unset it"
        )
    os.set_inheritable(fd, False)
    threading.Thread(target=_watch, args=(fd, grace_s), name="lifeline", daemon=True).start()
    return True


def _watch(fd: int, grace_s: float) -> None:
    while os.read(fd, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace_s)
    os._exit(1)
