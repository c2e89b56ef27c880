"""What a pruned state may carry: a JSON object that every answer which shows it can hold. Pure."""

from typing import Any, Final

import msgspec

#: How deeply the data may be nested: answers that hold it can't be much deeper.
MOST_LEVELS: Final = 200

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def data_error(raw: bytes) -> str | None:
    """Say what is wrong with the data of a prune report, or None."""
    try:
        data = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as bad:
        return f"its data is no JSON object: {bad}"
    except RecursionError:
        return too_deep()
    return too_deep() if is_too_deep(data) else None


def is_too_deep(data: dict[str, Any]) -> bool:
    """Whether data is nested too deeply."""
    level: list[Any] = [data]
    for _ in range(MOST_LEVELS):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return False
    return True


def too_deep() -> str:
    """What is said of such data."""
    return f"its data is nested more deeply than {MOST_LEVELS} levels"


def _inside(value: Any) -> list[Any]:
    """What a list or an object of JSON holds that may hold something in turn."""
    held = value.values() if isinstance(value, dict) else value
    return [inner for inner in held if isinstance(inner, dict | list)]
