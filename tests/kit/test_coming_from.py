"""docs/coming-from-*.md: the translated examples run and their tests pass, as they are typed."""

import ast
import re
from pathlib import Path

import pytest

from kit.test_plugin import LOADED, PLUGIN, ROOT

#: page → how many tests it shows.
PAGES = {"celery": 2, "airflow": 3, "temporal": 3}


def page(name: str) -> str:
    return (ROOT / "docs" / f"coming-from-{name}.md").read_text(encoding="utf-8")


def write_files(text: str, folder: Path) -> None:
    """Write each block of code into the file that its first line names."""
    found = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", text, re.DOTALL)
    assert len(found) == text.count("```python")
    for name, code in found:
        (folder / name).write_text(code, encoding="utf-8")


def test_each_such_page_is_looked_at() -> None:
    assert {f"coming-from-{name}.md" for name in PAGES} == {
        path.name for path in (ROOT / "docs").glob("coming-from-*.md")
    }


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_translates_runs_as_it_is_typed(name: str, pytester: pytest.Pytester) -> None:
    write_files(page(name), pytester.path)
    plugin = () if LOADED else ("-p", PLUGIN)
    result = pytester.runpytest_subprocess(*plugin, "-p", "no:cacheprovider", timeout=120)
    result.assert_outcomes(passed=PAGES[name])


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_translates_from_is_python(name: str) -> None:
    (there,) = re.findall(r"```py\n(.*?)```", page(name), re.DOTALL)
    ast.parse(there)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_tells_what_is_better_and_what_is_missing(name: str) -> None:
    text = page(name)
    for heading in ("Word by word", "An example", "What is better here", "What is missing here"):
        assert f"\n## {heading}\n" in text


@pytest.mark.parametrize("name", PAGES)
def test_every_setting_that_a_page_names_exists(name: str) -> None:
    settings = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for setting in re.findall(r"`(EXOSPHERE_\w+)`", page(name)):
        assert f"`{setting}`" in settings, setting
