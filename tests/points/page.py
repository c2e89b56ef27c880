"""Writes results into the page about reliability, each between markers of its own."""

from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"


def write_section(name: str, text: str) -> None:
    """Replace what stands between the markers of a section.

    Raises:
        ValueError: the page has no such section.
    """
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    page = PAGE.read_text()
    before, found, rest = page.partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{PAGE} has no section between {start} and {end}")
    PAGE.write_text(f"{before}{start}\n{text}\n{end}{after}")
