"""What a name may look like, so that no name can disturb a Redis key, a URL or a log line."""

import re
from typing import Final

#: A graph identifier that can't be used: placeholders read `${{ store.key }}`.
RESERVED_IDENTIFIER: Final = "store"

MAX_NAME_LENGTH: Final = 128

#: Regular expressions, for the description of the API too.
NAME_PATTERN: Final = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
IDENTIFIER_PATTERN: Final = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,127}"

_NAME = re.compile(NAME_PATTERN)
_IDENTIFIER = re.compile(IDENTIFIER_PATTERN)


def name_error(kind: str, value: object) -> str | None:
    """Say what is wrong with a name (of a namespace, graph, node or secret), or None when nothing is.

    `kind` is the word for the thing in the message, such as "graph name".
    """
    return _error(kind, value, _NAME, "letters, digits, '_', '.' and '-'")


def identifier_error(kind: str, value: object) -> str | None:
    """Say what is wrong with an identifier or a store key, or None. These hold no dot: a placeholder ends there."""
    return _error(kind, value, _IDENTIFIER, "letters, digits, '_' and '-'")


def _error(kind: str, value: object, pattern: re.Pattern[str], allowed: str) -> str | None:
    if not isinstance(value, str):
        return f"{kind} must be text, not {type(value).__name__}"
    if not value.strip():
        return f"{kind} is empty"
    if pattern.fullmatch(value):
        return None
    shown = value if len(value) <= 60 else f"{value[:60]}…"
    return (
        f"{kind} {shown!r} is not allowed: use 1 to {MAX_NAME_LENGTH} of {allowed}, "
        "beginning with a letter, digit or '_'"
    )
