"""The example that counts the errors of a directory of logs."""

from pathlib import Path

from .running import BOUND_S, run_to_its_end, start_example, wait_until_gone


def test_the_errors_of_all_files_are_counted_by_the_hour(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "a.log").write_text(
        "2026-01-31 09:59:59,999 ERROR disk is full\n"
        "  a line of a traceback, 2026-01-31 09:00 ERROR\n"
        "2026-01-31 10:00:00,000 INFO an ERRORLESS start\n"
    )
    (logs / "b.log").write_bytes(b"2026-01-31T09:30:00Z CRITICAL \xff\n2026-02-01T00:00:00Z [FATAL] out of memory\n")
    (logs / "empty.log").touch()
    (logs / "notes.txt").write_text("2026-01-31 09:00:00 ERROR in no log file\n")
    assert run_to_its_end("log_report", tmp_path / "run", str(logs)).splitlines() == [
        "hour              errors",
        "2026-01-31 09:00       2",
        "2026-02-01 00:00       1",
        "3 errors in 5 lines of 3 files",
    ]


def test_without_a_directory_a_sample_of_three_files_is_read(tmp_path: Path) -> None:
    said = run_to_its_end("log_report", tmp_path / "run")
    assert said.endswith("163 errors in 4123 lines of 3 files\n")


def test_a_directory_without_logs_is_one_clear_error(tmp_path: Path) -> None:
    example = start_example("log_report", tmp_path / "run", str(tmp_path))
    said, aside = example.communicate(timeout=BOUND_S)
    assert (example.returncode, said) == (1, "")
    assert f"error: {tmp_path} has no *.log files\n" in aside
    assert "Traceback" not in aside
    assert wait_until_gone(tmp_path / "run") == []
