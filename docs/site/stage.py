"""Puts together what the site is built of: `python docs/site/stage.py FOLDER`.

The pages are written for the repository, where a link may lead to any file of it. On the site such a file is a page of
its own below `files/`, a folder is a list of its files, and a few pages of the root are pages of the site.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from calls import calls_page

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

#: Pages outside of docs/ that are pages of the site, at the same path.
PAGES = ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "examples/README.md")

#: Where else a link may lead on the site than it does in the repository.
ELSEWHERE = {"README.md": "index.md", "examples": "examples/README.md", "docs": "index.md", "docs/openapi.json": None}

#: What a block of a file is coloured as, by the end of its name.
KINDS = {".py": "python", ".sh": "bash", ".yaml": "yaml", ".json": "json", ".conf": "ini", ".service": "ini"}

_LINK = re.compile(r"(\]\()([^)\s#]+)((?:#[^)\s]*)?\))")
_CODE = re.compile(r"^(```.*?^```[ ]*$)", re.MULTILINE | re.DOTALL)


def main(folder: Path) -> None:
    """Fill a folder, which is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS / "images", folder / "images")
    (folder / "assets").mkdir()
    shutil.copy(DOCS / "site" / "site.css", folder / "assets")
    shutil.copy(DOCS / "openapi.json", folder)
    linked: set[Path] = set()
    for page in [*DOCS.rglob("*.md"), *(ROOT / name for name in PAGES)]:
        write(folder / place_of(page), page_of(page, linked))
    for target in sorted(linked):
        write(folder / file_page(target), listing(target) if target.is_dir() else content(target))
    write(folder / "reference" / "http-calls.md", calls_page(DOCS / "openapi.json"))
    # For programs that read the site: the same list of pages, as they are called there.
    write(folder / "llms.txt", re.sub(r"\.md\)", ".html)", page_of(ROOT / "llms.txt", set())))


def place_of(page: Path) -> Path:
    """Where a page of the repository is on the site, from its root."""
    return page.relative_to(DOCS if page.is_relative_to(DOCS) else ROOT)


def file_page(target: Path) -> Path:
    """The page that shows a file or folder of the repository."""
    return Path("files") / f"{target.relative_to(ROOT)}.md"


def page_of(page: Path, linked: set[Path]) -> str:
    """A page as the site has it. What it links to beyond the site is added to `linked`."""

    def lead(found: re.Match[str]) -> str:
        before, link, after = found.groups()
        if re.match(r"[a-z]+:", link):
            return found[0]
        target = (page.parent / link).resolve()
        path = str(target.relative_to(ROOT))
        if path in ELSEWHERE:
            place = Path(ELSEWHERE[path] or "openapi.json")
        elif target.is_relative_to(DOCS) or path in PAGES:
            place = place_of(target)
        else:
            linked.add(target)
            place = file_page(target)
        up = "../" * (len(place_of(page).parts) - 1)
        return f"{before}{up}{place}{after}"

    parts = _CODE.split(page.read_text(encoding="utf-8"))
    for index, part in enumerate(parts):
        # The second word of a fence, as in `json graph`, is for tests.
        parts[index] = re.sub(r"^```(\w+) [^\n]*", r"```\1", part) if index % 2 else _LINK.sub(lead, part)
    return "".join(parts)


def content(file: Path) -> str:
    """A file as a page."""
    text = file.read_text(encoding="utf-8")
    kind = KINDS.get(file.suffix, "text")
    return f"# {file.relative_to(ROOT)}\n\n````{kind}\n{text}\n````\n"


def listing(folder: Path) -> str:
    """The files of a folder as a page."""
    command = ["git", "ls-files", "--", str(folder)]
    known = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    names = "\n".join(f"- `{name}`" for name in known)
    return f"# {folder.relative_to(ROOT)}/\n\nA folder of the repository:\n\n{names}\n"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
