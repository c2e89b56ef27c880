"""Child processes that end with this one, and what the operating system accounts to them."""

import ctypes
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_PATIENCE_S = 15.0
_PR_SET_PDEATHSIG = 1


def start(command: list[str], environ: Mapping[str, str] | None = None, **streams: Any) -> subprocess.Popen[Any]:
    """Start a process that is told to end when this one does, whatever ends it."""
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(
        command, env={**os.environ, **(environ or {})}, cwd=root, start_new_session=True, preexec_fn=_die_with_us, **streams
    )  # fmt: skip


def _die_with_us() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def end(*children: subprocess.Popen[Any]) -> None:
    """Ask processes to end, all at once, and end with force those that don't; their own children with them."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        try:
            child.wait(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        # Each has a session of its own, so its group is it and what it started.
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU time so far of processes, and of all that they started and that still runs."""
    children = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # One that ended while we looked.
            children[int(stat.read_text().rpartition(")")[2].split()[1])].append(int(stat.parent.name))
    total, left = 0, list(pids)
    while left:
        pid = left.pop()
        left += children[pid]
        for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with suppress(OSError):
                # In ns, where `stat` counts hundredths of a second.
                total += int(thread.read_text().split()[0])
    return total / 1e9
