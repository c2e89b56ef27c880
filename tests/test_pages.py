"""The pages of the project: every link leads somewhere, and what they say of the Makefile and of the tree is so."""

import re
from pathlib import Path

import pytest

from test_floors import BELOW

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), ROOT / "llms.txt", *(ROOT / "docs").glob("*.md")])
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FOR_CONTRIBUTORS = ["AGENTS.md", "CONTRIBUTING.md", "SECURITY.md"]

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def without_code(text: str) -> str:
    """A page without its code blocks, in which brackets mean something else."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The names by which a page's headings are linked to."""
    headings = re.findall(r"^#+ (.+)$", without_code(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def targets() -> set[str]:
    """What `make` lists."""
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading_that_exist(page: Path) -> None:
    for link in LINK.findall(without_code(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT), f"{page.name}: {link} leads out of the project"
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors(target), f"{page.name}: {link}"


def test_every_page_of_the_docs_is_listed_by_the_readme() -> None:
    linked = set(LINK.findall((ROOT / "README.md").read_text(encoding="utf-8")))
    assert {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")} <= linked


def test_the_page_for_contributors_has_every_make_target_and_no_other() -> None:
    assert set(re.findall(r"^\| `make ([a-z-]+)` \|", CONTRIBUTING, re.MULTILINE)) == targets()


@pytest.mark.parametrize("name", FOR_CONTRIBUTORS)
def test_a_make_target_that_a_page_names_exists(name: str) -> None:
    named = re.findall(r"`make ([a-z-]+)", (ROOT / name).read_text(encoding="utf-8"))
    assert set(named) <= targets()


@pytest.mark.parametrize("name", FOR_CONTRIBUTORS)
def test_a_path_that_a_page_names_exists(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for path in re.findall(r"\b(?:sdk|worker|orchestrator|tests|bench|deploy|docs|examples)/[\w./-]*\w", text):
        assert (ROOT / path).exists(), f"{name}: {path}"


def test_the_page_for_contributors_names_every_package_on_a_floor() -> None:
    floors = CONTRIBUTING.partition("## Floors")[2].partition("\n## ")[0]
    for package in BELOW:
        assert f"`{package}`" in floors
