"""docs/testing.md: its tests run as they are typed, and fail where it says so."""

import re
from pathlib import Path

import pytest

from exospherehost.testing.faults import MEANING
from kit.test_plugin import LOADED, PLUGIN, ROOT

PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")


def write_files(folder: Path) -> list[str]:
    """Write each block of code into the file that its first line names."""
    found = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE, re.DOTALL)
    assert len(found) == PAGE.count("```python")
    for name, code in found:
        (folder / name).write_text(code, encoding="utf-8")
    return [name for name, _ in found]


def test_the_page_holds_what_it_says(pytester: pytest.Pytester) -> None:
    names = write_files(pytester.path)
    assert names == ["shop.py", "test_price.py", "test_order.py", "test_schedule.py", "test_once.py", "test_naive.py"]
    plugin = () if LOADED else ("-p", PLUGIN)
    result = pytester.runpytest_inprocess(*plugin, "-p", "no:cacheprovider")
    result.assert_outcomes(passed=6, failed=1)
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    printed = {re.sub(r"\s+", " ", line) for line in result.outlines}
    for line in shown.splitlines():
        assert re.sub(r"\s+", " ", line) in printed, line


def test_the_page_has_every_kind_of_fault() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (the (?:worker|state manager) .*) \|$", PAGE, re.MULTILINE)
    assert dict(rows) == MEANING
