"""Ports for servers of tests that are started again on the same one."""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

#: Below those that systems give to outgoing connections, one of which could stand on the port while its server is down.
_RANGE = range(15_000, 32_000)

_reserved: list[int] = []


def free_port() -> int:
    """Return a port of the loopback interface that is free, and that no other test process is given while this one lives."""
    folder = Path(tempfile.gettempdir()) / "exosphere-test-ports"
    folder.mkdir(exist_ok=True)
    for port in random.sample(_RANGE, len(_RANGE)):
        lock = os.open(folder / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            os.close(lock)
            continue
        _reserved.append(lock)
        return port
    raise AssertionError(f"no port between {_RANGE.start} and {_RANGE.stop} is free")
