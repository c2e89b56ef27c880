"""The pages of the project: every link leads somewhere, and what they say of the Makefile and of the tree is so."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from test_floors import BELOW

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), ROOT / "llms.txt", *DOCS.rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
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
    # The page of guides lists the guides.
    assert {
        str(page.relative_to(ROOT))
        for page in DOCS.rglob("*.md")
        if page.name == "index.md" or page.parent.name != "how-to"
    } <= linked


def places(nav: Any) -> Iterator[str]:
    """The pages that a part of the site's navigation leads to."""
    if isinstance(nav, str):
        yield nav
    else:
        for entry in nav.values() if isinstance(nav, dict) else nav:
            yield from places(entry)


def test_the_site_leads_to_every_page_once() -> None:
    led_to = list(places(tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]))
    # Pages of the site that lie elsewhere, and the one that is made of docs/openapi.json.
    more = {"CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "examples/README.md", "reference/http-calls.md"}
    assert sorted(led_to) == sorted({str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} | more)


def test_pictures_of_the_concepts_have_a_title_and_colours_for_light_and_dark() -> None:
    shown = set(re.findall(r"\]\((images/concepts/[\w-]+\.svg)\)", (DOCS / "concepts.md").read_text(encoding="utf-8")))
    assert {DOCS / name for name in shown} == set((DOCS / "images" / "concepts").iterdir())
    for name in shown:
        drawn = (DOCS / name).read_text(encoding="utf-8")
        assert ElementTree.fromstring(drawn).find("{http://www.w3.org/2000/svg}title") is not None
        assert "prefers-color-scheme: dark" in drawn


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
