"""Looks at the built site: `python docs/site/check.py FOLDER`. Exits with 1 and says what is wrong.

What the generator does not look at: pictures, links and scripts as they stand in the pages; that nothing is fetched
from another host; that each call and each part of the reference was really made.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: (element, attribute) → what a browser fetches by itself.
FETCHED = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("video", "src")}
#: Elements of a head that name a page and fetch nothing.
NAMED_ONLY = {"canonical", "prev", "next", "alternate"}


class Page(HTMLParser):
    """What a page links to and fetches, and the places in it that can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value is not None}
        if "id" in given:
            self.places.add(given["id"])
        for name, value in given.items():
            if (tag, name) in FETCHED and given.get("rel") not in NAMED_ONLY:
                self.fetched.append(value)
        if tag == "a" and "href" in given:
            self.links.append(given["href"])


def faults(folder: Path) -> list[str]:
    """Everything that is wrong with a site."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.html"))}
    pages = {path: Page(text) for path, text in texts.items()}
    found = []
    for path, page in pages.items():
        # The page for what is not found is served from any place, so its links begin at the root.
        if path.name == "404.html":
            continue
        name = path.relative_to(folder)
        found += [f"{name}: fetches {link} from another host" for link in page.fetched if urlsplit(link).netloc]
        for link in [*page.links, *page.fetched]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            if not target.is_file():
                found.append(f"{name}: {link} leads to no file")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].places:
                found.append(f"{name}: {link} leads to no such place")
        if re.search(r"<p>::: ", texts[path]):
            found.append(f"{name}: a part of the reference was not made")
    return found


if __name__ == "__main__":
    sys.exit("\n".join(faults(Path(sys.argv[1]).resolve())) or 0)
