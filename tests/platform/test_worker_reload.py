"""`exosphere worker --reload`, with real processes and a real state manager."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from api.service import KEY, Service

Start = Callable[..., subprocess.Popen[str]]

NODES = """
from exospherehost import BaseNode, Runtime


class Quiet(BaseNode):
    async def execute(self) -> None:
        pass


runtime = Runtime(namespace="shop", name="worker", nodes=[Quiet])
print("loaded version 1")
"""


def write_within_a_second(file: Path, text: str, ms: int) -> None:
    """Write a file so that its change is in the same second as others': only the ms differ."""
    file.write_text(text)
    change_ns = 1_700_000_000_000_000_000 + ms * 1_000_000
    os.utime(file, ns=(change_ns, change_ns))


def test_all_processes_are_started_again_when_the_code_changes_also_after_a_mistake(
    start_exosphere: Start, service: Service, eventually: Callable[..., None], tmp_path: Path
) -> None:
    file = tmp_path / "nodes.py"
    write_within_a_second(file, NODES, 1)
    process = start_exosphere(
        "worker", "nodes:runtime", "--reload", "--processes", "2", cwd=tmp_path,
        environment={"EXOSPHERE_API_KEY": KEY, "EXOSPHERE_STATE_MANAGER_URI": str(service.http.base_url),
            "PYTHONDONTWRITEBYTECODE": ""},
    )  # fmt: skip
    lines: list[str] = []
    note = lines.append

    def read() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            note(line.rstrip("\n"))

    reader = threading.Thread(target=read)
    reader.start()

    def told(text: str, times: int) -> None:
        eventually(lambda: sum(text in line for line in list(lines)) >= times, lambda: f"{text!r} in {lines}")

    told("loaded version 1", 2)
    told("runs Quiet", 2)
    write_within_a_second(file, NODES.replace("version 1", "version 2"), 2)
    told("nodes.py changed; starting 2 workers again", 1)
    told("loaded version 2", 2)
    told("runs Quiet", 4)
    file.write_text("def broken(:\n")
    told("SyntaxError", 2)
    file.write_text(NODES.replace("version 1", "version 3"))
    told("loaded version 3", 2)
    told("runs Quiet", 6)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0, lines
    reader.join(60)


def test_a_module_that_there_is_not_is_refused_at_once(start_exosphere: Start, tmp_path: Path) -> None:
    process = start_exosphere("worker", "nosuch:runtime", "--reload", cwd=tmp_path)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.startswith("error: nosuch:runtime: no module named 'nosuch' in ")
    assert errors.count("\n") == 1
