"""The distribution as its users get it: built, installed without this checkout, and at work."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

import pytest

from exosphere_core.version import VERSION
from ports import free_port

ROOT = Path(__file__).parents[2]
DASHBOARD = "orchestrator/exosphere_orchestrator/dashboard"

#: What one installs it to do, in one process: a graph with a fan-out and a unite, on the Lua of the installed packages.
USE = """
import importlib, json, sys
from importlib.metadata import version
from pathlib import Path
from pydantic import BaseModel
from exospherehost import BaseNode, GraphNodeModel, UnitesModel
from exospherehost.testing import run_graph

class Split(BaseNode):
    class Outputs(BaseModel):
        word: str
    async def execute(self) -> list[Outputs]:
        return [self.Outputs(word=word) for word in ("a", "b")]

class Join(BaseNode):
    class Inputs(BaseModel):
        words: str
    class Outputs(BaseModel):
        words: str
    async def execute(self) -> Outputs:
        return self.Outputs(words=self.inputs.words)

split = GraphNodeModel(node_name="Split", namespace="n", identifier="split", next_nodes=["join"])
join = GraphNodeModel(
    node_name="Join", namespace="n", identifier="join", inputs={"words": "${{ split.outputs.word }}"},
    unites=UnitesModel(identifier="split"),
)
run = run_graph([split, join], [Split, Join])
packages = sys.argv[1:]
print(json.dumps({
    "status": run.status, "words": run.outputs("join")["words"], "version": version("exosphere-redis"),
    "homes": sorted({str(Path(importlib.import_module(name).__file__).parents[1]) for name in packages}),
}))
"""
PACKAGES = (
    "exosphere_core", "exospherehost", "exosphere_cli", "exosphere_otel", "exosphere_pytest", "exosphere_worker",
    "exosphere_orchestrator",
)  # fmt: skip


#: Neither paths to this checkout nor settings of whoever runs the tests.
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "EXOSPHERE"))}


def run(*command: str, cwd: Path, **environ: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env={**ENVIRON, **environ}, capture_output=True, text=True, timeout=120, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the distribution is built of, in a folder of its own, with a dashboard that was built."""
    folder = tmp_path_factory.mktemp("source")
    leave_out = shutil.ignore_patterns("__pycache__", "node_modules", "dashboard")
    for name in ("sdk", "worker", "orchestrator"):
        shutil.copytree(ROOT / name, folder / name, ignore=leave_out)
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", ".gitignore"):
        shutil.copy(ROOT / name, folder)
    assets = folder / DASHBOARD / "assets"
    assets.mkdir(parents=True)
    (assets.parent / "index.html").write_text("<!doctype html>")
    (assets / "index-1.js").write_text("1")
    # None of these belongs into a distribution.
    (folder / ".env").write_text("STATE_MANAGER_SECRET=s")
    (folder / "orchestrator/dashboard/node_modules").mkdir(parents=True)
    (folder / "orchestrator/dashboard/node_modules/x.js").write_text("1")
    return folder


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an sdist, and the wheel that was built of what the sdist holds."""
    folder = tmp_path_factory.mktemp("dist")
    hatchling = (sys.executable, "-m", "hatchling", "build", "-d", str(folder))
    run(*hatchling, "-t", "sdist", cwd=source)
    with tarfile.open(folder / f"exosphere_redis-{VERSION}.tar.gz") as archive:
        # Not as an argument: early releases of Python 3.11 know none, and later ones warn without a filter.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)
    run(*hatchling, "-t", "wheel", cwd=folder / f"exosphere_redis-{VERSION}")
    return folder


def test_an_sdist_holds_what_a_wheel_is_built_of_and_nothing_of_the_machine_that_built_it(built: Path) -> None:
    with tarfile.open(built / f"exosphere_redis-{VERSION}.tar.gz") as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "PKG-INFO"} <= names
    assert {f"{DASHBOARD}/index.html", f"{DASHBOARD}/assets/index-1.js"} <= names
    tops = {name.split("/")[0] for name in names} - {".gitignore"}
    assert tops == {
        "sdk",
        "worker",
        "orchestrator",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "PKG-INFO",
    }
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name]


def test_the_wheel_of_an_sdist_has_code_lua_types_and_dashboard(source: Path, built: Path) -> None:
    with ZipFile(built / f"exosphere_redis-{VERSION}-py3-none-any.whl") as archive:
        names = set(archive.namelist())
    wanted = {
        str(path.relative_to(source / top))
        for top in ("sdk", "worker", "orchestrator")
        for path in (source / top).glob("exo*/**/*")
        if path.is_file()
    }
    assert wanted <= names
    assert {"exosphere_core/py.typed", "exospherehost/py.typed", "exosphere_core/store/lua/trigger.lua"} <= wanted
    assert "exosphere_orchestrator/dashboard/assets/index-1.js" in names


def test_where_it_is_installed_it_works_without_the_checkout(built: Path, tmp_path: Path) -> None:
    wheel = str(built / f"exosphere_redis-{VERSION}-py3-none-any.whl")
    installed = tmp_path / "installed"
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps")
    run(*pip, "--no-compile", "--target", str(installed), wheel, cwd=tmp_path)
    # `-S` leaves out what this environment's editable installation adds to the path; its libraries are named by hand.
    path = os.pathsep.join((str(installed), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    told = json.loads(run(sys.executable, "-S", "-c", USE, *PACKAGES, cwd=tmp_path, PYTHONPATH=path))
    assert told == {"status": "SUCCESS", "words": '["a","b"]', "version": VERSION, "homes": [str(installed)]}
    command = str(installed / "bin" / "exosphere")
    assert run(command, "--version", cwd=tmp_path, PYTHONPATH=path) == f"exosphere, version {VERSION}\n"


@contextmanager
def dev_of(exosphere: Path, project: Path) -> Iterator[dict[str, str]]:
    """`exosphere dev` runs a new project; gives what its clients need. It must end in order."""
    port = str(free_port())
    command = [exosphere, "dev", "--app", f"{project.name}.runtime:runtime", "--port", port, "--no-build-dashboard"]
    log = project / "log"
    with log.open("w") as output:
        dev = subprocess.Popen(
            command, cwd=project, env=ENVIRON, stdout=output, stderr=output, stdin=subprocess.DEVNULL
        )
    try:
        deadline = time.monotonic() + 60
        while not (key := re.search(r"EXOSPHERE_API_KEY=(\S+)", log.read_text())):
            assert dev.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield {"EXOSPHERE_STATE_MANAGER_URI": f"http://127.0.0.1:{port}", "EXOSPHERE_API_KEY": key[1]}
        dev.send_signal(signal.SIGINT)
        assert dev.wait(60) == 0, log.read_text()
    finally:
        dev.kill()
        dev.wait()


def test_a_new_project_runs_where_nothing_but_the_wheel_and_what_it_declares_is_installed(
    built: Path, tmp_path: Path
) -> None:
    users = ROOT / ".venv" / "users"
    assert (users / ".installed").exists(), "its libraries are missing: `make test` installs them"
    home = tmp_path / "env"
    run(sys.executable, "-m", "venv", "--without-pip", str(home), cwd=tmp_path)
    libraries = next(home.glob("lib/python*/site-packages"))
    (libraries / "libraries.pth").write_text(str(next(users.glob("lib/python*/site-packages"))))
    pip = (str(users / "bin" / "python"), "-m", "pip", "--python", str(home / "bin" / "python"))
    wheel = str(built / f"exosphere_redis-{VERSION}-py3-none-any.whl")
    run(*pip, "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", wheel, cwd=tmp_path)
    run(*pip, "check", cwd=tmp_path)

    def exosphere(*arguments: str, **environ: str) -> str:
        return run(str(home / "bin" / "exosphere"), *arguments, cwd=tmp_path, **environ)

    assert exosphere("--version") == f"exosphere, version {VERSION}\n"
    exosphere("init", "first")
    with dev_of(home / "bin" / "exosphere", tmp_path / "first") as access:
        assert "VALID" in exosphere("graph", "apply", "first/graph.yaml", "--wait-valid", "60", **access)
        assert "SUCCESS" in exosphere("run", "start", "first", "--wait", **access)


def test_the_version_is_told_in_one_place() -> None:
    assert 'dynamic = ["version"]' in (ROOT / "pyproject.toml").read_text()
    folders = [ROOT / "sdk", ROOT / "worker", ROOT / "orchestrator" / "exosphere_orchestrator"]
    spelled = re.compile(rf"""["']{re.escape(VERSION)}["']""")
    telling = [path for folder in folders for path in folder.rglob("*.py") if spelled.search(path.read_text())]
    assert telling == [ROOT / "sdk/exosphere_core/version.py"]
