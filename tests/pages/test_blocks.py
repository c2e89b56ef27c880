"""Every block of code on every page is run by a test, or it is said why nobody can run it."""

import re

import pytest

from exosphere_core.graph.model import TriggerModel
from pages.accounts import FOR_PEOPLE, NO_CODE, NOT_RUN, RUN
from pages.blocks import DOCS, PAGES, ROOT, Block, blocks_of

BLOCKS = [block for page in PAGES for block in blocks_of(page)]

#: What test_typed.py reads from top to bottom.
TYPED = ("docs/how-to/", "docs/quickstart.md", "docs/tutorial.md", "docs/operations.md")


def left_over(block: Block) -> bool:
    """Whether a block is in none of the accounts."""
    if block.kind in NO_CODE:
        return False
    if block.page.startswith(TYPED) and block.kind != "console":
        return False
    return (block.page, block.kind) not in {**RUN, **NOT_RUN}


def test_every_block_is_run_or_it_is_said_why_not() -> None:
    assert len(BLOCKS) > 100
    missing = [f"{block.place} ({block.kind or 'no kind'})" for block in BLOCKS if left_over(block)]
    assert not missing, f"nobody runs {missing}: see tests/pages/accounts.py"


def test_a_block_that_nobody_runs_would_be_noticed() -> None:
    assert left_over(Block("docs/semantics.md", "sh", "exosphere dev", 1, False))
    assert left_over(Block("docs/guarantees.md", "", "code without a kind", 1, False))


@pytest.mark.parametrize("account", [*RUN, *NOT_RUN], ids=" ".join)
def test_an_account_is_of_a_block_that_is_there(account: tuple[str, str]) -> None:
    assert any((block.page, block.kind) == account for block in BLOCKS)


@pytest.mark.parametrize("account", RUN, ids=" ".join)
def test_the_test_that_runs_a_page_names_it(account: tuple[str, str]) -> None:
    page, _ = account
    said = (ROOT / RUN[account]).read_text(encoding="utf-8")
    name = page.removeprefix("docs/")
    assert name in said or re.sub(r"coming-from-\w+", "coming-from-*", name) in said


def test_only_what_is_for_people_is_left_to_them() -> None:
    for page, kind in NOT_RUN:
        assert kind in FOR_PEOPLE, f"{page}: a block of {kind} can be run"


def test_every_guide_is_listed_by_the_page_of_guides() -> None:
    index = (DOCS / "how-to" / "index.md").read_text(encoding="utf-8")
    for guide in (DOCS / "how-to").glob("*.md"):
        assert guide.name == "index.md" or f"]({guide.name})" in index, guide.name


def test_the_schedule_that_schedules_md_shows_is_one() -> None:
    [shown] = [block.code for block in blocks_of(DOCS / "schedules.md") if block.kind == "json"]
    assert TriggerModel.model_validate_json(shown).value.timezone == "Europe/Paris"
