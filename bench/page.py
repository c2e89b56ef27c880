"""docs/benchmarks.md: what is measured stands between marks, the rest is written by hand."""

from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"


def put(page: str, mark: str, text: str) -> str:
    """Return a page with new text between `<!-- mark -->` and `<!-- /mark -->`.

    Raises:
        ValueError: the page has not exactly one pair of these marks, in this order.
    """
    start, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    if page.count(start) != 1 or page.count(end) != 1 or page.index(start) > page.index(end):
        raise ValueError(f"the page must have {start} and {end}, each once and in this order; put them back")
    head, _, rest = page.partition(start)
    return f"{head}{start}\n{text.strip()}\n{end}{rest.partition(end)[2]}"


def write(mark: str, text: str) -> None:
    """Put text between the marks of docs/benchmarks.md.

    Raises:
        ValueError: the marks are not there.
    """
    PAGE.write_text(put(PAGE.read_text(), mark, text))
