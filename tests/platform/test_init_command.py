"""`exosphere init`: the project that it makes runs as its README says."""

import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ports import free_port

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def init(exosphere: Any) -> Callable[..., tuple[int, str, str]]:
    """Run `exosphere init` in an empty directory."""
    return lambda *arguments: exosphere("init", *arguments)


def test_every_file_is_made_and_nothing_of_the_templates_is_left(init: Any, tmp_path: Path) -> None:
    code, output, errors = init("my-project")
    assert (code, errors) == (0, "")
    assert output.startswith(
        "made 8 files in my-project. Now:\n\ncd my-project\nexosphere dev --app my_project.runtime"
    )
    made = {str(path.relative_to(tmp_path / "my-project")): path for path in (tmp_path / "my-project").rglob("*.*")}
    assert set(made) == {
        "pyproject.toml", "README.md", ".gitignore", "graph.yaml", "my_project/__init__.py", "my_project/nodes.py",
        "my_project/runtime.py", "tests/test_nodes.py",
    }  # fmt: skip
    for path in made.values():
        assert not re.search(r"@[A-Z]+@", path.read_text()), path
    assert tomllib.loads(made["pyproject.toml"].read_text())["project"]["name"] == "my-project"
    assert ".exosphere/" in made[".gitignore"].read_text()


def test_the_project_runs_as_its_readme_says(
    init: Any, start_exosphere: Start, start_process: Start, tmp_path: Path
) -> None:
    assert init("my-project", "-n", "shop")[0] == 0
    folder = tmp_path / "my-project"
    typed = [
        line for block in re.findall(r"```sh\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
        for line in block.splitlines()
    ]  # fmt: skip
    assert typed[:3] == [
        'pip install -e ".[dev]"',
        "python -m pytest",
        "exosphere dev --app my_project.runtime:runtime",
    ]
    tests = start_process(sys.executable, *shlex.split(typed[1])[1:], "-p", "no:cacheprovider", cwd=folder)
    output, _ = tests.communicate(timeout=60)
    assert tests.returncode == 0, output
    assert "3 passed" in output

    # Another port than the one that is the default everywhere, and nothing else.
    port = str(free_port())
    dev = start_exosphere(
        *shlex.split(typed[2])[1:], cwd=folder, environment={"EXOSPHERE_PORT": port}, stderr=subprocess.STDOUT
    )
    assert dev.stdout is not None
    seen = ""
    for line in dev.stdout:
        seen += line
        if "Ctrl-C stops everything" in line:
            break
    assert "Exosphere is ready" in seen
    environment = {"EXOSPHERE_STATE_MANAGER_URI": f"http://127.0.0.1:{port}"}
    outputs = []
    for line in typed[3:]:
        process = start_exosphere(*shlex.split(line)[1:], cwd=folder, environment=environment)
        output, errors = process.communicate(timeout=90)
        assert process.returncode == 0, f"{line}: {output}{errors}"
        outputs.append(output)
    assert "is VALID" in outputs[0]
    first, second = (next(each for each in output.splitlines() if each.startswith("states")) for output in outputs[1:3])
    assert (first, second) == ("states   6: 6 succeeded", "states   4: 4 succeeded")
    assert outputs[3].count("SUCCESS") >= 2
    os.kill(dev.pid, signal.SIGINT)
    dev.communicate(timeout=60)
    assert dev.returncode == 0


def test_a_name_that_yaml_takes_for_a_number_stays_a_name(init: Any, tmp_path: Path) -> None:
    assert init("p", "--name", "2026", "--package", "year", "-n", "true")[0] == 0
    graph = yaml.safe_load((tmp_path / "p" / "graph.yaml").read_text())
    assert (graph["name"], graph["namespace"]) == ("2026", "true")


def test_what_is_there_is_not_overwritten_and_nothing_is_made(init: Any, tmp_path: Path) -> None:
    (tmp_path / "p" / "tests").mkdir(parents=True)
    (tmp_path / "p" / "tests" / "test_nodes.py").write_text("mine")
    code, output, errors = init("p")
    assert (code, output) == (1, "")
    assert errors == "error: p/tests/test_nodes.py exists already; choose an empty folder, or move it away first\n"
    assert [path.name for path in (tmp_path / "p").rglob("*.*")] == ["test_nodes.py"]
    (tmp_path / "file").write_text("")
    code, _, errors = init("file/p")
    assert code == 1
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-p-"], "No such option"),
        (["p", "--name", "a b"], "project name 'a b' is not allowed"),
        (["p", "--name", "3d"], "package name '3d' can't be imported; choose another with --package"),
        (["p", "--package", "class"], "package name 'class' can't be imported"),
        (["queue"], "there is a package 'queue' already; choose another name with --package"),
        (["p", "--package", "click"], "there is a package 'click' already"),
        (["p", "-n", "a:b"], "namespace 'a:b' is not allowed"),
    ],
)
def test_a_name_that_can_not_be_is_refused(init: Any, arguments: list[str], expected: str, tmp_path: Path) -> None:
    code, output, errors = init(*arguments)
    assert (code, output) == (2, "")
    assert errors.startswith(f"error: {expected}")
    assert errors.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
