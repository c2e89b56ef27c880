"""The example whose runtime is a shell script."""

import shutil
from pathlib import Path

import pytest

from .running import BOUND_S, run_to_its_end, start_example, wait_until_gone


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    (folder / "more").mkdir(parents=True)
    (folder / 'a "quoted" page.md').write_text("one two\nthree\n")
    (folder / "more" / "b.md").write_text("four  five\n")
    (folder / "c.txt").write_text("not counted\n")
    return folder


def only_in_path(folder: Path, *names: str) -> str:
    """A PATH with these programs alone, as far as they are installed."""
    folder.mkdir()
    for name in names:
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    return str(folder)


def test_words_are_counted_by_whichever_runtime_this_machine_can_start(tmp_path: Path, pages: Path) -> None:
    assert run_to_its_end("shell_runtime", tmp_path / "run", str(pages)) == "5 words in 2 files\n"


def test_without_curl_the_runtime_in_python_does_the_same_and_says_so(
    tmp_path: Path, pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", only_in_path(tmp_path / "bin", "bash", "jq", "redis-server", "valkey-server"))
    example = start_example("shell_runtime", tmp_path / "run", str(pages))
    said, aside = example.communicate(timeout=BOUND_S)
    assert (example.returncode, said) == (0, "5 words in 2 files\n"), aside
    assert "no curl" in aside
    assert wait_until_gone(tmp_path / "run") == []


def test_what_a_node_in_shell_complains_of_is_the_error_of_its_state(tmp_path: Path, pages: Path) -> None:
    (pages / "gone.md").symlink_to(tmp_path / "nowhere")
    example = start_example("shell_runtime", tmp_path / "run", str(pages))
    said, aside = example.communicate(timeout=BOUND_S)
    assert (example.returncode, said) == (1, "")
    assert "ended FAILED; count: " in aside
    assert "No such file or directory" in aside
    assert wait_until_gone(tmp_path / "run") == []
