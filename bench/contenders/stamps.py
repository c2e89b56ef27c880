"""When each task was executed: a file to which every task of every contender appends one stamp.

A stamp costs one write of 8 bytes, the same for everybody, and nothing of Redis. The monotonic clock is one for all
processes of a machine.
"""

import os
import struct
from pathlib import Path
from time import monotonic

#: Names the file.
VARIABLE = "BENCH_STAMPS"
_SIZE = 8

_fd: int | None = None


def stamp() -> None:
    """Note that a task is executed now."""
    global _fd
    if _fd is None:
        # Writes of a few bytes at the end of a file don't mix, whoever else writes.
        _fd = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(_fd, struct.pack("<d", monotonic()))


def count(path: Path) -> int:
    """How many tasks were executed so far."""
    return path.stat().st_size // _SIZE


def read(path: Path, start: int = 0) -> list[float]:
    """The stamps from the given one on, in seconds of the monotonic clock, in order of time."""
    with path.open("rb") as file:
        file.seek(start * _SIZE)
        return sorted(value for (value,) in struct.iter_unpack("<d", file.read()))
