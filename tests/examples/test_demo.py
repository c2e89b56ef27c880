"""The demo as a user runs it: real processes, a real Redis."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from exosphere_orchestrator.embedded import EmbeddedRedis

from .running import BOUND_S, ROOT, as_in_a_terminal, processes_of, wait_until_gone


def start_demo(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "examples.stdlib_report.demo", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=as_in_a_terminal,
    )  # fmt: skip


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
