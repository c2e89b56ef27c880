"""HTML and SVG as text that can't be got wrong: whatever is no markup already is escaped."""

from html import escape

_VOID = frozenset({"meta", "br", "hr"})


class Markup(str):
    """Text that is markup already and is taken as it is."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str | float) -> Markup:
    """Return an element.

    Args:
        name: of the element.
        children: markup, or text, which is escaped.
        attributes: `class_` is written `class`, `stroke_width` is written `stroke-width`.
    """
    written = "".join(f' {_attribute(key)}="{escape(_value(value))}"' for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: str) -> Markup:
    """Put markup and text behind each other; text is escaped."""
    return Markup("".join(child if isinstance(child, Markup) else escape(child) for child in children))


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-") if key not in ("viewBox", "preserveAspectRatio") else key


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
