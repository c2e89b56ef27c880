"""The benchmark suite on this project at a tiny size, and what it takes from the operating system."""

import os
import sys
import time
from pathlib import Path

import pytest

from bench.contenders import stamps
from bench.suite.children import cpu_seconds, end, start
from bench.suite.run import Choice, measure
from bench.suite.sizes import SMALL
from bench.suite.stage import OURS, Failed, Plan, Stage


def test_the_suite_measures_chains_of_this_project() -> None:
    sizes = SMALL._replace(chains=3, length=4)
    (row,) = measure(Choice(("W3",), (OURS,), repeat=1, sizes=sizes))
    assert (row.workload, row.contender, row.durability, row.failed) == ("W3", OURS, "everysec", "")
    # Of a dozen tasks the memory is less than what Redis' own comes and goes by.
    assert {name for name, value in row.figures.items() if value > 0} >= {"per_s", "enqueued_per_s", "commands"}
    assert "bytes" in row.figures


def test_what_a_contender_can_not_do_is_told_with_its_name() -> None:
    with Stage(Plan("floor")) as stage, pytest.raises(Failed, match="floor: fan: AttributeError"):
        stage.ask("fan", width=3)


def test_stamps_of_several_processes_are_read_in_order_of_time(tmp_path: Path) -> None:
    file = tmp_path / "stamps"
    script = "from bench.contenders.stamps import stamp; [stamp() for _ in range(50)]"
    children = [start([sys.executable, "-c", script], {stamps.VARIABLE: str(file)}) for _ in range(2)]
    assert [child.wait(timeout=30) for child in children] == [0, 0]
    found = stamps.read(file)
    assert len(found) == stamps.count(file) == 100
    assert found == sorted(found)
    assert len(stamps.read(file, 90)) == 10


def test_cpu_of_a_process_holds_that_of_its_children() -> None:
    burn = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])"
    child = start([sys.executable, "-c", burn])
    try:
        deadline = time.monotonic() + 30
        while cpu_seconds([child.pid]) < 0.5:
            assert time.monotonic() < deadline, "the CPU of the grandchild is not counted"
    finally:
        end(child)


def test_ending_a_process_ends_what_it_started(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    script = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'while True: pass']); open({str(told)!r}, 'w').write(str(p.pid) + '.'); p.wait()"
    child = start([sys.executable, "-c", script])
    deadline = time.monotonic() + 30
    while not (told.exists() and told.read_text().endswith(".")):
        assert time.monotonic() < deadline, "the process did not start its own"
    end(child)
    while os.path.exists(f"/proc/{told.read_text()[:-1]}") and _alive(int(told.read_text()[:-1])):
        assert time.monotonic() < deadline, "the grandchild still runs"


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
