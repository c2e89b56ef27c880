"""Examples as a user runs them: one command, real processes, a real Redis."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOUND_S = 120


def as_in_a_terminal() -> None:
    # A shell that starts the tests in the background has them ignore Ctrl-C, and their children after them.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def processes_of(folder: Path) -> list[str]:
    """Command lines of the processes that know the folder, by argument or environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = ((entry / name).read_bytes() for name in ("cmdline", "environ"))
        except OSError:
            continue
        if str(folder).encode() in command + environment and int(entry.name) != os.getpid():
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def wait_until_gone(folder: Path) -> list[str]:
    """Return what is left of them after a while, which should be nothing."""
    deadline = time.monotonic() + BOUND_S
    while (left := processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def start_example(name: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start an example that keeps its temporary files below a folder, by which its processes are known."""
    folder.mkdir()
    return subprocess.Popen(
        [sys.executable, "-u", "-m", f"examples.{name}", *arguments],
        cwd=ROOT, env={**os.environ, "TMPDIR": str(folder)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, preexec_fn=as_in_a_terminal,
    )  # fmt: skip


def run_to_its_end(name: str, folder: Path, *arguments: str, typed: str = "") -> str:
    """Run an example; return what it printed. It must succeed, and leave neither a process nor a file behind."""
    example = start_example(name, folder, *arguments)
    said, aside = example.communicate(typed, timeout=BOUND_S)
    assert processes_of(folder) == []
    logs = "".join(log.read_text(errors="replace") for log in folder.glob("*/log"))
    assert example.returncode == 0, aside + logs
    assert list(folder.iterdir()) == []
    return said
