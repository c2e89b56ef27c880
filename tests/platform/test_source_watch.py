"""Changes of an app's code are noticed; time is passed in."""

import os
import sys
from pathlib import Path

import pytest

from exosphere_cli.source_watch import SourceWatch, source_root
from exosphere_core.errors import ConfigurationError


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a package and a module."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "shop" / "nodes").mkdir(parents=True)
    (tmp_path / "shop" / "__init__.py").write_text("raise SystemExit('looking must not import')")
    (tmp_path / "shop" / "nodes" / "load.py").write_text("")
    (tmp_path / "single.py").write_text("")
    return tmp_path


def test_a_changed_added_or_removed_file_is_noticed_once_it_rests(project: Path) -> None:
    watch = SourceWatch(project, 0.0)
    assert watch.look(1.0) == ""
    changes = [
        lambda: (project / "shop" / "nodes" / "load.py").write_text("x = 1"),
        lambda: (project / "shop" / "new.py").write_text(""),
        lambda: (project / "single.py").unlink(),
    ]
    for now, (change, name) in enumerate(
        zip(changes, ("shop/nodes/load.py", "shop/new.py", "single.py"), strict=True), start=1
    ):
        change()
        assert [watch.look(10.0 * now + step) for step in (0, 1, 2)] == ["", name, ""]


def test_a_file_of_the_same_size_is_noticed_by_its_time(project: Path) -> None:
    watch = SourceWatch(project, 0.0)
    os.utime(project / "single.py", ns=(1, 1))
    assert [watch.look(1.0), watch.look(2.0)] == ["", "single.py"]


def test_other_peoples_code_and_other_files_are_not_looked_at(project: Path) -> None:
    watch = SourceWatch(project, 0.0)
    for folder in (".git", "__pycache__", "node_modules", "env/lib"):
        (project / folder).mkdir(parents=True)
        (project / folder / "code.py").write_text("")
    (project / "env" / "pyvenv.cfg").write_text("")
    (project / "notes.txt").write_text("")
    assert [watch.look(1.0), watch.look(2.0)] == ["", ""]


def test_a_files_folder_is_found_without_importing_it(project: Path) -> None:
    assert source_root("shop.nodes.load:runtime") == project
    assert source_root("single:runtime") == project


def test_of_an_installed_package_only_the_package_is_watched() -> None:
    assert source_root("httpx:runtime").name == "httpx"


def test_a_module_that_is_nowhere_is_refused_by_name(project: Path) -> None:
    with pytest.raises(ConfigurationError, match=rf"nosuch:runtime: no module named 'nosuch' in {project}"):
        source_root("nosuch:runtime")


@pytest.mark.parametrize("target", ["single", "single:", ":runtime", "a b:c", "single.py:x:y"])
def test_a_target_that_names_no_runtime_is_refused(target: str) -> None:
    with pytest.raises(ConfigurationError, match=r"write package\.module:attribute"):
        source_root(target)
