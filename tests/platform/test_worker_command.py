"""`exosphere worker`: what can be wrong with its argument is one line; where it finds the state manager."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exosphere_cli.keys import ensure_keys, local_api_key

Start = Callable[..., subprocess.Popen[str]]

NODES = """
from pydantic import BaseModel
from exospherehost import BaseNode, Runtime


class Quiet(BaseNode):
    async def execute(self) -> None:
        pass


def runtime():
    return Runtime(namespace="shop", name="worker", nodes=[Quiet])


def broken():
    return 1 / 0


number = 7
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The current directory of the command."""
    (tmp_path / "nodes.py").write_text(NODES)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / "shop" / "missing.py").write_text("import json\nimport nosuchpackage\n")
    (tmp_path / "shop" / "broken.py").write_text("def f(:\n")
    (tmp_path / "shop" / "leaving.py").write_text("import sys\nsys.exit('bye')\n")
    (tmp_path / "shop" / "refused.py").write_text(
        "from exospherehost import Runtime\nruntime = Runtime(namespace='', name='x', nodes=[])\n"
    )
    return tmp_path


#: Target → how the message about it begins.
REFUSED = [
    ("nosuch:runtime", "no module named 'nosuch' in {here} or on the Python path"),
    ("shop.nosuch:runtime", "no module named 'shop.nosuch' in {here} or on the Python path"),
    ("nodes:nosuch", "module 'nodes' has no attribute 'nosuch'"),
    ("nodes:number", "nodes:number is of type int, not a Runtime; name a Runtime or a function"),
    ("nodes:Quiet", "nodes:Quiet is the class Quiet, not a Runtime"),
    ("nodes:broken", "nodes:broken() failed: ZeroDivisionError: division by zero (nodes.py, line 16)"),
    ("nodes", "'nodes' does not name a runtime: write package.module:attribute"),
    (
        "shop.missing:runtime",
        "importing 'shop.missing' failed: ModuleNotFoundError: "
        "No module named 'nosuchpackage' (shop/missing.py, line 2)",
    ),
    ("shop.broken:runtime", "importing 'shop.broken' failed: SyntaxError: "),
    ("shop.leaving:runtime", "importing 'shop.leaving' ended the program: SystemExit: bye (shop/leaving.py, line 2)"),
    ("shop.refused:runtime", "importing 'shop.refused' failed: ValueError: namespace is empty"),
]

LOAD_EACH = """
import sys
from exosphere_cli.runtime_loader import load_runtime
from exosphere_core.errors import ConfigurationError
for target in sys.argv[1:]:
    try:
        print("found", load_runtime(target))
    except ConfigurationError as refused:
        print(refused.detail.splitlines()[0])
"""


def test_what_names_no_runtime_is_refused_by_name(project: Path, start_python: Start) -> None:
    process = start_python(
        LOAD_EACH, *(target for target, _ in REFUSED), cwd=project, environment={"EXOSPHERE_API_KEY": "key"}
    )
    output, errors = process.communicate(timeout=60)
    assert errors == ""
    for line, (target, expected) in zip(output.splitlines(), REFUSED, strict=True):
        assert line.startswith(expected.format(here=project)), target


def test_the_command_prints_one_line_and_exits_with_1(project: Path, start_exosphere: Start) -> None:
    process = start_exosphere("worker", "nosuch:runtime", cwd=project)
    output, errors = process.communicate(timeout=60)
    assert errors == f"error: no module named 'nosuch' in {project} or on the Python path\n"
    assert (output, process.returncode) == ("", 1)


def test_a_function_that_makes_a_runtime_is_started_and_its_refusal_is_one_line(
    project: Path, start_exosphere: Start, state_manager: Any
) -> None:
    state_manager.answer("PUT /v0/namespace/shop/nodes/", {"detail": "Invalid API key"}, status=401)
    process = start_exosphere(
        "worker",
        "nodes:runtime",
        cwd=project,
        environment={"EXOSPHERE_API_KEY": "wrong", "EXOSPHERE_STATE_MANAGER_URI": state_manager.uri},
    )
    _, errors = process.communicate(timeout=60)
    assert errors.splitlines()[-1] == "error: Invalid API key"
    assert "Traceback" not in errors
    assert process.returncode == 1
    assert [(body["runtime_name"], body["nodes"][0]["name"]) for _, _, _, body in state_manager.asked] == [
        ("worker", "Quiet")
    ]


def test_a_pool_whose_processes_are_all_refused_says_so_once_and_exits_with_1(
    project: Path, start_exosphere: Start, state_manager: Any
) -> None:
    state_manager.answer("PUT /v0/namespace/shop/nodes/", {"detail": "Invalid API key"}, status=401)
    process = start_exosphere(
        "worker",
        "nodes:runtime",
        "--processes",
        "2",
        cwd=project,
        environment={"EXOSPHERE_API_KEY": "wrong", "EXOSPHERE_STATE_MANAGER_URI": state_manager.uri},
    )
    output, errors = process.communicate(timeout=60)
    assert errors.splitlines()[-1] == "error: Invalid API key"
    assert errors.count("Invalid API key") == 1
    assert "Traceback" not in errors
    assert (output, process.returncode) == ("", 1)


def worker_of(project: Path, start_exosphere: Start, *options: str, **environ: str) -> str:
    """Run a worker that is refused; return what it says last."""
    process = start_exosphere("worker", "nodes:runtime", *options, cwd=project, environment=environ)
    _, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors
    assert process.returncode == 1
    return errors.splitlines()[-1]


def test_a_worker_takes_address_and_key_of_options_or_of_a_profile_that_is_named(
    project: Path, start_exosphere: Start, state_manager: Any
) -> None:
    state_manager.answer("PUT /v0/namespace/shop/nodes/", {"detail": "Invalid API key"}, status=401)
    config = project / "config"
    config.mkdir(mode=0o700)
    kept = {"default": "prod", "profiles": {"prod": {"uri": state_manager.uri, "key": "key-of-the-profile"}}}
    (config / "profiles.json").write_text(json.dumps(kept))
    asked = []
    for options, environ in (
        (("--uri", state_manager.uri, "--key", "typed"), {}),
        (("-p", "prod"), {"EXOSPHERE_STATE_MANAGER_URI": "http://127.0.0.1:9", "EXOSPHERE_API_KEY": "set"}),
        ((), {"EXOSPHERE_PROFILE": "prod"}),
        (("-p", "prod", "--processes", "1"), {}),
    ):
        told = worker_of(project, start_exosphere, *options, EXOSPHERE_CONFIG_DIR=str(config), **environ)
        assert told == "error: Invalid API key"
        asked.append(state_manager.asked[-1][2])
    assert asked == ["typed", "key-of-the-profile", "key-of-the-profile", "key-of-the-profile"]


def test_a_worker_does_not_join_the_server_of_the_default_profile_unasked(
    project: Path, start_exosphere: Start, state_manager: Any
) -> None:
    config = project / "config"
    config.mkdir(mode=0o700)
    kept = {"default": "prod", "profiles": {"prod": {"uri": state_manager.uri, "key": "key-of-the-profile"}}}
    (config / "profiles.json").write_text(json.dumps(kept))
    told = worker_of(project, start_exosphere, EXOSPHERE_CONFIG_DIR=str(config))
    assert "key is missing: pass it or set EXOSPHERE_API_KEY" in told
    assert state_manager.asked == []


def test_a_worker_in_the_directory_of_exosphere_dev_finds_its_key_for_this_machine_alone(
    project: Path, start_exosphere: Start, state_manager: Any
) -> None:
    state_manager.answer("PUT /v0/namespace/shop/nodes/", {"detail": "Invalid API key"}, status=401)
    ensure_keys(project / ".exosphere", {})
    key = local_api_key(project / ".exosphere")
    told = worker_of(project, start_exosphere, EXOSPHERE_STATE_MANAGER_URI=state_manager.uri)
    assert (told, state_manager.asked[-1][2]) == ("error: Invalid API key", key)
    told = worker_of(project, start_exosphere, "--uri", "https://exosphere.example.org")
    assert "key is missing" in told
    assert "uri is missing" not in told


def test_a_worker_that_the_state_manager_could_not_serve_tries_again_and_one_that_it_refuses_ends(
    project: Path, start_exosphere: Start, state_manager: Any
) -> None:
    state_manager.answers["PUT /v0/namespace/shop/nodes/"] = [
        (500, {"detail": "the state manager failed"}),
        (502, "<html>"),
        (503, {"detail": "Redis takes no writes now"}),
        (401, {"detail": "Invalid API key"}),
    ]
    process = start_exosphere("worker", "nodes:runtime", "--uri", state_manager.uri, "--key", "k", cwd=project)
    _, errors = process.communicate(timeout=60)
    # The client asks again by itself after a 503.
    assert errors.count("can't register yet, tries again") == 2
    assert len(state_manager.asked) == 4
    assert "the state manager failed" in errors
    assert errors.splitlines()[-1] == "error: Invalid API key"
    assert process.returncode == 1
