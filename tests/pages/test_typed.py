"""The pages that a reader types along with do what they say."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pages.blocks import DOCS, blocks_of
from pages.play import Reader
from ports import free_port


@pytest.mark.parametrize("name", ["quickstart", "tutorial"])
def test_a_page_that_begins_with_nothing_works_as_it_is_typed(name: str, tmp_path: Path) -> None:
    with Reader(tmp_path, {"EXOSPHERE_PORT": str(free_port())}) as reader:
        for block in blocks_of(DOCS / f"{name}.md"):
            if block.kind != "console":
                reader.read(block)
