"""Takes the values of secrets out of text that leaves the runtime."""

from collections.abc import Mapping

#: A secret shorter than this is too common a word to be taken out.
_SHORTEST = 4

#: What stands in place of a secret.
MASK = "***"


def spellings(secrets: Mapping[str, str] | None) -> tuple[str, ...]:
    """Return what is to be taken out: each value as it is and as `repr` writes it, the longest first: one may be a part of another."""
    found = [
        spelled
        for value in sorted((secrets or {}).values(), key=len, reverse=True)
        if len(value) >= _SHORTEST
        for spelled in (value, repr(value)[1:-1])
    ]
    return tuple(dict.fromkeys(found))


def without(text: str, secret: tuple[str, ...]) -> str:
    """Return text without what `spellings` gave."""
    for spelled in secret:
        text = text.replace(spelled, MASK)
    return text


def redacted(text: str, secrets: Mapping[str, str] | None) -> str:
    """Return text without the values of secrets."""
    return without(text, spellings(secrets)) if secrets else text
