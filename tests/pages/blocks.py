"""The pages of the project, and the blocks of code in them."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

#: Every page that somebody reads: of the root, of docs/, of the examples and of deploy/.
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *DOCS.rglob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
        *(ROOT / "deploy").rglob("*.md"),
    ]
)

_FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```[ ]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One block of code.

    Attributes:
        page: path of its page from the root of the project.
        kind: what follows the fence, such as `python` or `json graph`.
        code: what is in it.
        line: where it begins in the page.
        follows: whether nothing but white space stands between it and the block before.
    """

    page: str
    kind: str
    code: str
    line: int
    follows: bool

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def file(self) -> str | None:
        """The file that it is to be saved as, which its first line names in a comment."""
        named = re.match(r"# ([\w/-]+\.(?:py|yaml|jsonl))\n", self.code)
        return named[1] if named else None


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found, end = [], 0
    for fence in _FENCE.finditer(text):
        follows = end > 0 and not text[end : fence.start()].strip()
        line = text.count("\n", 0, fence.start()) + 1
        found.append(Block(name_of(page), fence[2].strip(), fence[3], line, follows))
        end = fence.end()
    return found
