"""What the README says works as it is typed."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from conftest import die_with_driver
from ports import free_port
from system.stack import wait_for

ROOT = Path(__file__).resolve().parents[2]


def test_the_first_graph_of_the_readme_runs_as_it_is_typed(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert len(code.splitlines()) <= 40
    (tmp_path / "hello.py").write_text(code)
    exosphere = str(Path(sys.executable).with_name("exosphere"))
    log = tmp_path / "log"
    with log.open("wb") as out:
        dev = subprocess.Popen(
            [exosphere, "dev", "--port", str(free_port()), "--app", "hello:runtime"],
            cwd=tmp_path, stdout=out, stderr=out, preexec_fn=die_with_driver,
        )  # fmt: skip
    try:
        wait_for("the runtime registered", lambda: "runs Split, Shout" in log.read_text())
        exports = dict(re.findall(r"export (EXOSPHERE_\w+)=(\S+)", log.read_text()))
        environ = {**os.environ, **exports}
        first = subprocess.run(
            [sys.executable, "hello.py"],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "'status': 'SUCCESS'" in first.stdout, first.stdout + first.stderr
        commands = re.findall(r"^exosphere (run .*)$", readme, re.MULTILINE)
        assert len(commands) == 2
        for command in commands:
            shown = subprocess.run(
                [exosphere, *command.split()],
                cwd=tmp_path,
                env=environ,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert shown.returncode == 0, shown.stdout + shown.stderr
            assert "SUCCESS" in shown.stdout
    finally:
        dev.send_signal(signal.SIGINT)
        assert dev.wait(timeout=60) == 0
