"""The example in which a human approves each step over HTTP."""

import subprocess
import sys
from pathlib import Path

from .running import ROOT, run_to_its_end


def test_a_simulated_human_approves_and_refuses_and_puts_off_until_nothing_is_left_to_propose(tmp_path: Path) -> None:
    said = run_to_its_end("approval", tmp_path / "run").splitlines()
    copy, kept = "notes/report (copy).txt", "notes/report (keep).txt"
    asked = "simulated human: move aside"
    answers = [line for line in said if line.startswith(asked)]
    assert answers[0] == f"{asked} {copy} (the same as notes/report.txt)? Not now"
    assert answers.count(f"{asked} {copy} (the same as notes/report.txt)? Yes") == 1
    assert f"{asked} {kept} (the same as notes/report.txt)? No" in answers
    assert [line for line in said if line.startswith("Round ")] == [
        f"Round 1: moved aside {copy}, old/2019/photo.raw",
        "Round 2: moved aside old/2019",
        "Round 3: moved aside old",
    ]
    assert said[-1] == f"Nothing is left to propose. Refused: {kept}"


def test_in_a_folder_of_the_users_only_what_was_said_yes_to_at_the_terminal_is_moved(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / ".git").mkdir(parents=True)
    for name in ("a", "ab", "abc", ".git/a"):
        (folder / name).write_text("the same")
    said = run_to_its_end("approval", tmp_path / "run", str(folder), "--ask", typed="no\ny\n")
    assert "Move aside ab (the same as a)? [y]es, [n]o, [l]ater: " in said
    assert said.endswith("Nothing is left to propose. Refused: ab\n")
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == {"a", "ab", ".git/a", ".tidied/abc"}


def test_a_folder_of_the_users_is_not_left_to_the_simulated_human(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "examples.approval", str(tmp_path)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.endswith(
        "a folder of yours needs --ask: the simulated human says yes to what it does not know\n"
    )
