"""Who owns a data directory: locks on files, which the kernel releases when their holders are gone."""

import fcntl
import os
import time
from pathlib import Path
from typing import Final

from exosphere_core.errors import ConfigurationError

#: Seconds that an owner who was killed may need until the kernel has closed its files.
_DEATH_S: Final = 2.0
#: Seconds that the server of an owner who was killed may need to write its data and end.
_HANDOVER_S: Final = 15.0
_PAUSE_S: Final = 0.05


def own_directory(directory: Path) -> int:
    """Become the owner of a directory until the descriptor that this returns is closed.

    A signal that kills an owner returns before the owner is gone: an owner's end is awaited for a moment.

    Raises:
        ConfigurationError: a living process owns it; its id is named.
    """
    fd = _open(directory / "owner.lock")
    if not _lock_within(fd, _DEATH_S):
        owner = os.pread(fd, 32, 0).decode(errors="replace").strip()
        os.close(fd)
        raise _in_use(directory, f"process {owner}")
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
    return fd


def await_handover(directory: Path) -> int:
    """Wait until the server of an owner who was killed has ended; returns the descriptor to pass to the next one.

    The next server and its guardian inherit the descriptor: they hold the lock as long as one of them lives.

    Raises:
        ConfigurationError: a server goes on using the directory without an owner.
    """
    fd = _open(directory / "server.lock")
    if not _lock_within(fd, _HANDOVER_S):
        os.close(fd)
        raise _in_use(directory, "a Redis server that nobody owns")
    return fd


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _lock_within(fd: int, limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while not _lock(fd):
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_S)
    return True


def _lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _in_use(directory: Path, user: str) -> ConfigurationError:
    return ConfigurationError(
        f"data directory {directory.parent} is in use by {user}: stop that one, or choose another with --data-dir"
    )
