"""What the state manager's logs look like."""

import logging
from collections.abc import Iterator

from exosphere_core.logs import JsonLines, TextLines


def formatted(records: list[logging.LogRecord]) -> Iterator[str]:
    """Each line that records make in a log, in both forms."""
    for form in (TextLines("%(levelname)s %(message)s"), JsonLines()):
        for record in records:
            yield from form.format(record).split("\n")
