"""Writes results into a page of the docs, each between markers of its own."""

from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"


def write_section(name: str, text: str, file: Path = PAGE) -> None:
    """Replace what stands between the markers of a section; of the page about reliability, if no other is named.

    Raises:
        ValueError: the page has no such section.
    """
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    page = file.read_text()
    before, found, rest = page.partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{file} has no section between {start} and {end}")
    file.write_text(f"{before}{start}\n{text}\n{end}{after}")
