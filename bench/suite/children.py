"""Child processes that end with this one, and what the operating system accounts to them."""

import ctypes
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_PATIENCE_S = 15.0
_PR_SET_PDEATHSIG = 1
_TICKS = os.sysconf("SC_CLK_TCK")


def start(
    command: list[str], environ: Mapping[str, str] | None = None, **streams: Any
) -> subprocess.Popen[Any]:
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
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time so far of processes and of all that they started and that still runs."""
    parts, children = {}, defaultdict(list)
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                words = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # It ended while we looked.
            parts[int(folder.name)] = (int(words[11]) + int(words[12])) / _TICKS
            children[int(words[1])].append(int(folder.name))
    total, left = 0.0, list(pids)
    while left:
        pid = left.pop()
        total += parts.get(pid, 0.0)
        left += children[pid]
    return total
