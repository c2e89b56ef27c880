"""The Makefile: which Python it takes, what it says when there is none, what it lists."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: A Python that runs, as far as the Makefile can see, and makes environments of its own kind.
GOOD = """#!/bin/sh
case "$*" in
  --version) echo "Python $NAME" ;;
  "-m venv "*) mkdir -p .venv/bin && echo "$0" > .venv/bin/python && chmod +x .venv/bin/python ;;
esac
"""
#: What a version manager leaves on the PATH for a version that is not chosen.
SHIM = "#!/bin/sh\necho 'python: command not found' >&2\nexit 127\n"
#: A Python of another version: it fails the question for its version.
OTHER_VERSION = "#!/bin/sh\nexit 1\n"
#: A Python without the modules that make environments.
WITHOUT_VENV = '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; esac\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    return folder


def make(checkout: Path, *arguments: str, pythons: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run make where these interpreters are on the PATH and no others."""
    tools = checkout.parent / "tools"
    tools.mkdir()
    for tool in ("sh", "test", "rm", "mkdir", "chmod", "awk", "echo"):
        found = shutil.which(tool)
        assert found is not None
        (tools / tool).symlink_to(found)
    for name, script in pythons.items():
        (tools / name).write_text(script)
        (tools / name).chmod(0o755)
    program = shutil.which("make")
    assert program is not None
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTHON"))
    }
    return subprocess.run(
        [program, *arguments],
        cwd=checkout,
        env={**environment, "PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_alone_lists_every_target_with_a_line(checkout: Path) -> None:
    done = make(checkout, pythons={})
    assert done.returncode == 0
    listed = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("  make ")]
    assert listed == [
        "help", "demo", "dev", "dashboard", "test", "test-ui", "screenshots", "view-times", "topology", "proof", "chaos", "points", "mutants", "fuzz", "docs", "docs-serve", "lint", "format", "bench", "bench-quick", "lock", "dist", "previous-wheel", "clean",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "pythons, taken",
    [
        ({"python3.11": GOOD, "python3.12": GOOD, "python3.13": GOOD, "python3": GOOD}, "python3.12"),
        ({"python3.12": SHIM, "python3.11": GOOD, "python3.13": GOOD}, "python3.11"),
        ({"python3.12": SHIM, "python3.11": SHIM, "python3.13": GOOD, "python3": GOOD}, "python3.13"),
        ({"python3.12": WITHOUT_VENV, "python3": GOOD}, "python3"),
    ],
)
def test_the_first_python_that_really_runs_is_taken(checkout: Path, pythons: dict[str, str], taken: str) -> None:
    done = make(checkout, ".venv/bin/python", pythons=pythons)
    assert done.returncode == 0, done.stderr
    assert (checkout / ".venv/bin/python").read_text().endswith(f"/{taken}\n")


def test_python_names_another_one(checkout: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text(GOOD)
    mine.chmod(0o755)
    done = make(checkout, ".venv/bin/python", f"PYTHON={mine}", pythons={"python3.12": GOOD})
    assert done.returncode == 0
    assert (checkout / ".venv/bin/python").read_text() == f"{mine}\n"


@pytest.mark.parametrize("pythons", [{}, {"python3.12": SHIM}, {"python3": OTHER_VERSION}])
def test_without_a_fitting_python_it_says_what_it_looked_for_and_how_to_name_one(
    checkout: Path, pythons: dict[str, str]
) -> None:
    done = make(checkout, ".venv/bin/python", pythons=pythons)
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == (
        "make: no Python 3.11, 3.12 or 3.13 runs as any of: python3.12 python3.11 python3.13 python3. "
        "Install one, or name one: make PYTHON=/path/to/python3.12"
    )


def test_a_python_without_venv_is_told_with_the_package_that_brings_it(checkout: Path) -> None:
    done = make(checkout, ".venv/bin/python", pythons={"python3.11": WITHOUT_VENV})
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == (
        "make: python3.11 can't make virtual environments: its modules venv and ensurepip are missing. "
        "On Debian and Ubuntu: apt install python3-venv"
    )


def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Path) -> None:
    (checkout / ".venv/bin").mkdir(parents=True)
    (checkout / ".venv/bin/python").symlink_to("/nowhere/python3")
    (checkout / ".venv/.installed-for-running").touch()
    done = make(checkout, "help", pythons={})
    assert done.returncode == 0
    assert not (checkout / ".venv/.installed-for-running").exists()


def test_the_project_that_is_tested_runs_on_a_python_that_the_makefile_takes() -> None:
    assert (3, 11) <= sys.version_info[:2] <= (3, 13)
