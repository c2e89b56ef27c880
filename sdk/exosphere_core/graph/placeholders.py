"""Input mapping: text with placeholders such as `${{ loader.outputs.data }}` and `${{ store.cursor }}`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from exosphere_core.names import RESERVED_IDENTIFIER

_OPEN: Final = "${{"
_CLOSE: Final = "}}"
_WORD: Final = r"([A-Za-z0-9_][A-Za-z0-9_-]{0,127})"
_STORE = re.compile(rf"store\s*\.\s*{_WORD}")
_OUTPUT = re.compile(rf"{_WORD}\s*\.\s*outputs\s*\.\s*{_WORD}")


class PlaceholderError(ValueError):
    """An input's text has an unclosed or malformed placeholder."""


@dataclass(frozen=True, slots=True)
class OutputRef:
    """`${{ identifier.outputs.field }}`"""

    identifier: str
    field: str

    def __str__(self) -> str:
        return f"${{{{ {self.identifier}.outputs.{self.field} }}}}"


@dataclass(frozen=True, slots=True)
class StoreRef:
    """`${{ store.key }}`"""

    key: str

    def __str__(self) -> str:
        return f"${{{{ store.{self.key} }}}}"


Ref = OutputRef | StoreRef


@dataclass(frozen=True, slots=True)
class Expression:
    """An input value, cut into literal text and references."""

    parts: tuple[str | Ref, ...]

    @property
    def refs(self) -> tuple[Ref, ...]:
        """The references, in order of appearance."""
        return tuple(part for part in self.parts if not isinstance(part, str))

    def render(self, value_of: Callable[[Ref], str]) -> str:
        """Put the values in place of the references. Values are never parsed for placeholders again."""
        if len(self.parts) == 1:  # by far the most: one literal, or one reference
            part = self.parts[0]
            return part if isinstance(part, str) else value_of(part)
        return "".join(part if isinstance(part, str) else value_of(part) for part in self.parts)


def parse(text: str) -> Expression:
    """Cut an input's text into its parts.

    Raises:
        PlaceholderError: a placeholder is unclosed, or names neither an output nor a store key.
    """
    parts: list[str | Ref] = []
    rest = text
    while True:
        before, opened, after = rest.partition(_OPEN)
        if before:
            parts.append(before)
        if not opened:
            return Expression(tuple(parts))
        inside, closed, rest = after.partition(_CLOSE)
        if not closed:
            raise PlaceholderError(f"the placeholder that begins at '{_OPEN}{after[:20]}' is not closed with '}}}}'")
        parts.append(_ref(inside.strip()))


def _ref(inside: str) -> Ref:
    if match := _STORE.fullmatch(inside):
        return StoreRef(match[1])
    match = _OUTPUT.fullmatch(inside)
    if match and match[1] != RESERVED_IDENTIFIER:
        return OutputRef(match[1], match[2])
    raise PlaceholderError(
        f"'${{{{ {inside[:60]} }}}}' is not a placeholder: write '${{{{ identifier.outputs.field }}}}' "
        "or '${{ store.key }}'"
    )
