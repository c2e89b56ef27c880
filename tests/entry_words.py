"""The fields of a stream's entry as a command takes them."""

from collections.abc import Mapping


def words(fields: Mapping[str, str | bytes]) -> tuple[str | bytes, ...]:
    """Names and values, in turn."""
    return tuple(word for pair in fields.items() for word in pair)
