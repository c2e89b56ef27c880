"""The demo as a user runs it: real processes, a real Redis."""

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from exosphere_orchestrator.embedded import EmbeddedRedis

ROOT = Path(__file__).resolve().parents[2]
BOUND_S = 120


def _as_in_a_terminal() -> None:
    # A shell that starts the tests in the background has them ignore Ctrl-C, and their children after them.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def start_demo(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "examples.stdlib_report.demo", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=_as_in_a_terminal,
    )  # fmt: skip


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
    deadline = time.monotonic() + BOUND_S
    while (left := processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def read_until(output: IO[str], said: str) -> None:
    for line in output:
        if said in line:
            return
    raise AssertionError(f"the demo ended before it said {said!r}")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    if not Path("/proc/self/environ").exists():
        pytest.fail("these tests look for processes in /proc")
    yield tmp_path / "data"
    assert wait_until_gone(tmp_path / "data") == []


def test_the_demo_writes_its_report_and_leaves_no_process_behind(folder: Path) -> None:
    demo = start_demo("--data-dir", str(folder), "--limit", "40")
    said, _ = demo.communicate(timeout=BOUND_S)
    assert demo.returncode == 0, said
    assert processes_of(folder) == []
    assert f"Report   {folder / 'report.html'}" in said
    assert re.search(r"81 states in [\d.]+ s: [\d,]+ states a second on 2 worker processes", said)
    assert "exosphere run show" in said
    assert len(json.loads((folder / "report.json").read_text())["modules"]) == 40
    assert "<svg" in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_stops_everything_and_says_so(folder: Path, number: signal.Signals) -> None:
    demo = start_demo("--data-dir", str(folder))
    assert demo.stdout is not None
    read_until(demo.stdout, "Run ")
    demo.send_signal(number)
    said, _ = demo.communicate(timeout=BOUND_S)
    assert demo.returncode == 1
    assert "error: interrupted; everything was stopped" in said
    assert str(folder / "demo.log") in said
    assert "Traceback" not in said
    assert processes_of(folder) == []


def test_a_killed_demo_leaves_no_process_behind(folder: Path) -> None:
    demo = start_demo("--data-dir", str(folder))
    assert demo.stdout is not None
    read_until(demo.stdout, "Ready")
    demo.kill()
    demo.communicate(timeout=BOUND_S)
    assert wait_until_gone(folder) == []


def test_a_demo_that_cannot_start_says_why_in_one_line(folder: Path) -> None:
    with EmbeddedRedis(folder):  # holds the directory for as long as the test wants
        demo = start_demo("--data-dir", str(folder))
        said, _ = demo.communicate(timeout=BOUND_S)
    assert demo.returncode == 1
    assert re.search(r"^error: exosphere dev did not start: .*data.* is in use by process \d+", said, re.MULTILINE)
    assert "Traceback" not in said
