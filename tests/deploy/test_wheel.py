"""The wheel: all packages with all that they read at run time, and nothing else."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "exosphere_core": "sdk",
    "exospherehost": "sdk",
    "exosphere_otel": "sdk",
    "exosphere_pytest": "sdk",
    "exosphere_cli": "sdk",
    "exosphere_worker": "worker",
    "exosphere_orchestrator": "orchestrator",
}


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in a wheel that was just built."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_a_wheel_holds_every_file_of_every_package(contents: set[str]) -> None:
    for package, folder in PACKAGES.items():
        root = ROOT / folder
        files = {
            str(path.relative_to(root))
            for path in (root / package).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert files <= contents
    assert any(name.endswith(".lua") for name in contents)
    assert "exosphere_core/py.typed" in contents


def test_a_wheel_holds_nothing_else(contents: set[str]) -> None:
    tops = {name.split("/")[0] for name in contents if ".dist-info/" not in name}
    assert tops == set(PACKAGES)
