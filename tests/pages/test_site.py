"""What the site is built of, as `make docs` puts it together and looks at it afterwards."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pages.blocks import DOCS, PAGES, ROOT

TOOLS = DOCS / "site"


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as the generator is given them."""
    folder = tmp_path_factory.mktemp("site") / "source"
    subprocess.run([sys.executable, str(TOOLS / "stage.py"), str(folder)], check=True)
    return folder


def test_every_link_of_the_site_leads_to_one_of_its_pages_or_files(staged: Path) -> None:
    pages = list(staged.rglob("*.md"))
    assert len(pages) > len(PAGES)
    for page in pages:
        text = re.sub(r"^(`{3,}).*?^\1 *$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for link in re.findall(r"\]\(([^)\s#]+)[^)]*\)", text):
            assert re.match(r"[a-z]+:", link) or (page.parent / link).is_file(), f"{page.name}: {link}"


def test_the_list_for_programs_names_pages_of_the_site(staged: Path) -> None:
    links = re.findall(r"\]\(([^)]+)\)", (staged / "llms.txt").read_text(encoding="utf-8"))
    assert len(links) > 20
    for link in links:
        assert (staged / link.replace(".html", ".md")).is_file(), link


def test_the_page_of_calls_has_every_call_and_every_body(staged: Path) -> None:
    page = (staged / "reference" / "http-calls.md").read_text(encoding="utf-8")
    described = json.loads((DOCS / "openapi.json").read_text(encoding="utf-8"))
    calls = [f"`{method.upper()} {path}`" for path, methods in described["paths"].items() for method in methods]
    assert sorted(re.findall(r"^(`[A-Z]+ /.*`)$", page, re.MULTILINE)) == sorted(calls)
    assert {name for name in described["components"]["schemas"] if f"\n### {name}\n" not in page} == set()


def test_code_of_a_kind_of_its_own_is_shown_as_the_language_that_it_is(staged: Path) -> None:
    assert "```json graph" in (DOCS / "semantics.md").read_text(encoding="utf-8")
    assert "```json graph" not in (staged / "semantics.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="gone.html">', "index.html: gone.html leads to no file"),
        ('<a href="#gone">', "index.html: #gone leads to no such place"),
        ('<img src="gone.svg">', "index.html: gone.svg leads to no file"),
        ('<script src="https://example.org/x.js">', "fetches https://example.org/x.js from another host"),
        ('<link rel="stylesheet" href="//example.org/x.css">', "fetches //example.org/x.css from another host"),
        ("<p>::: exospherehost.Gone</p>", "a part of the reference was not made"),
    ],
)
def test_what_is_wrong_with_a_built_site_is_told(body: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(f"<html>{body}</html>", encoding="utf-8")
    done = _checked(tmp_path)
    assert done.returncode == 1
    assert fault in done.stderr


def test_a_site_with_nothing_wrong_passes(tmp_path: Path) -> None:
    body = (
        '<h1 id="here">Here</h1><a href="#here"></a><a href="https://example.org"></a><link rel="canonical" href="//x">'
    )
    (tmp_path / "index.html").write_text(f"<html>{body}</html>", encoding="utf-8")
    assert _checked(tmp_path).returncode == 0


def _checked(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOLS / "check.py"), str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
