"""The example of a nightly schedule and of nights that were missed."""

from pathlib import Path

from .running import run_to_its_end

MISSED = "  Thu 26 02:30  made up Sat 28 12:00, 2026-03-25: 4 errors in 185 lines"


def test_nights_that_were_missed_are_made_up_as_the_policy_says(tmp_path: Path) -> None:
    said = run_to_its_end("nightly", tmp_path / "run")
    everything, latest, nothing = (part.splitlines() for part in said.split("catchup: ")[1:])
    assert next(line for line in everything if "made up" in line) == MISSED
    assert sum("made up Sat 28 12:00" in line for line in everything) == 3
    assert everything[-1] == "  7 of 7 days are summarised"
    assert sum("made up" in line for line in latest) == 1
    assert any(line.startswith("  Thu 26 to Fri 27 02:30  skipped Sat 28 12:00") for line in latest)
    assert not any("made up" in line for line in nothing)
    assert any(line.startswith("  Thu 26 to Sat 28 02:30  skipped") for line in nothing)
    # Clocks go forward in that night: there is no half past two.
    assert all(
        any(line.startswith("  Sun 29 03:00  on time") for line in part) for part in (everything, latest, nothing)
    )


def test_the_logs_of_a_directory_are_what_the_nights_work_on(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "2026-06-01.log").write_text("09:00 ERROR one\n09:01 FATAL two\n09:02 INFO three\n")
    (logs / "2026-06-02.log").write_text("")
    said = run_to_its_end("nightly", tmp_path / "run", str(logs)).splitlines()
    assert "  Tue 02 02:30  on time, 2026-06-01: 2 errors in 3 lines" in said
    assert "  Thu 04 02:30  made up Sat 06 12:00, nothing left to do" in said
    assert said.count("  2 of 2 days are summarised") == 3
