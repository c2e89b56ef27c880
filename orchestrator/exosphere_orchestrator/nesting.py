"""How deep JSON values are nested. Pure."""

from typing import Any


def is_deeper(value: Any, most_deep: int) -> bool:
    """Whether lists and objects are nested deeper than that."""
    level = [value] if isinstance(value, list | dict) else []
    for _ in range(most_deep):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, list | dict)
        ]
        if not level:
            return False
    return True


def too_deep(most_deep: int) -> str:
    """What to say of a value that is nested deeper."""
    return f"it is nested too deeply; the limit is {most_deep} (EXOSPHERE_MAX_JSON_DEPTH)"
