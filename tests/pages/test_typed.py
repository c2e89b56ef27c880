"""The pages that a reader types along with do what they say."""

from pathlib import Path

import pytest

from kit.test_plugin import LOADED, PLUGIN
from pages.blocks import DOCS, blocks_of
from pages.play import Reader
from ports import free_port
from sdk.dev_process import Dev


@pytest.mark.parametrize("name", ["quickstart", "tutorial"])
def test_a_page_that_begins_with_nothing_works_as_it_is_typed(name: str, tmp_path: Path) -> None:
    with Reader(tmp_path, {"EXOSPHERE_PORT": str(free_port())}) as reader:
        for block in blocks_of(DOCS / f"{name}.md"):
            if block.kind != "console":
                reader.read(block)


GUIDES = [*sorted((DOCS / "how-to").glob("*.md")), DOCS / "operations.md"]


@pytest.mark.parametrize(
    "guide",
    [guide for guide in GUIDES if any(each.kind == "sh" for each in blocks_of(guide))],
    ids=lambda path: path.stem,
)
def test_the_commands_of_a_guide_do_what_it_says(guide: Path, dev: Dev, tmp_path: Path) -> None:
    access = {"EXOSPHERE_STATE_MANAGER_URI": dev.uri, "EXOSPHERE_API_KEY": dev.key}
    if any("export EXOSPHERE_REDIS_URL=" in block.code for block in blocks_of(guide)):
        access["EXOSPHERE_REDIS_URL"] = dev.redis_url
    with Reader(tmp_path, access) as reader:
        for block in blocks_of(guide):
            if block.kind != "console" and (block.kind != "text" or block.follows):
                reader.read(block)


def test_the_tests_of_the_guides_pass(pytester: pytest.Pytester) -> None:
    code = [block for guide in GUIDES for block in blocks_of(guide) if block.kind == "python"]
    tests = [block for block in code if Path(block.file or "").name.startswith("test_")]
    assert len({block.file for block in tests}) == len(tests) > 0, "two guides have a test of one name"
    for block in code:
        assert block.file is not None, block.place
        (pytester.path / block.file).write_text(block.code, encoding="utf-8")
    plugin = () if LOADED else ("-p", PLUGIN)
    result = pytester.runpytest_subprocess(*plugin, "-p", "no:cacheprovider", timeout=120)
    result.assert_outcomes(passed=sum(block.code.count("\ndef test_") for block in tests))
