"""Whoever has not installed the extra is told how, and pytest runs on."""

import subprocess
import sys
from pathlib import Path

import pytest

from kit.test_plugin import LOADED, PLUGIN


def hidden(*names: str, code: str) -> subprocess.CompletedProcess[str]:
    """Run code where some modules are not installed."""
    finder = (
        "import sys, importlib.abc\n"
        "class Hidden(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        f"        if name.partition('.')[0] in {names!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
    )
    return subprocess.run([sys.executable, "-c", finder + code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["fakeredis", "lupa", "croniter"])
def test_a_missing_part_is_told_in_one_line_with_the_command(name: str) -> None:
    done = hidden(name, code="import exospherehost.testing")
    assert done.returncode == 1
    told = f'ImportError: exospherehost.testing needs {name}: pip install "exosphere-redis[testing]"'
    assert done.stderr.splitlines()[-1] == told


def test_pytest_runs_without_the_extra_where_nobody_asks_for_it(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
    plugin = () if LOADED else ("-p", PLUGIN)
    code = f"import pytest; sys.exit(pytest.main({['-q', *plugin, str(tmp_path)]!r}))"
    done = hidden("fakeredis", "lupa", "croniter", code=code)
    assert done.returncode == 0, done.stdout + done.stderr
