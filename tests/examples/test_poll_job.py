"""The example that polls a job of another system."""

import hashlib
import re
from pathlib import Path

from .running import BOUND_S, run_to_its_end, start_example, wait_until_gone


def test_a_job_is_asked_for_again_until_its_result_is_there(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_bytes(bytes(range(256)) * 1001)
    said = run_to_its_end("poll_job", tmp_path / "run", str(file))
    result, asked = said.splitlines()
    assert result == f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file}"
    times = re.fullmatch(r"The job server was asked (\d+) times", asked)
    assert times is not None
    assert int(times[1]) >= 2


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    example = start_example("poll_job", tmp_path / "run", str(tmp_path / "gone"))
    said, aside = example.communicate(timeout=BOUND_S)
    assert (example.returncode, said) == (1, "")
    assert f"error: {tmp_path / 'gone'} is no file\n" in aside
    assert wait_until_gone(tmp_path / "run") == []
