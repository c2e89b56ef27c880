"""Reading JSON that comes from outside: what can't be read, or stored, is refused with one line that says where it is wrong."""

import json
import math
from typing import Any, NoReturn

from exosphere_orchestrator.nesting import is_deeper, too_deep


def read_json(body: bytes, most_deep: int) -> Any:
    """Return the value of a JSON text.

    Args:
        most_deep: how deep lists and objects may be nested.

    Raises:
        ValueError: it is no JSON, is nested too deeply, or holds what can't be stored: NaN, infinity, a number as large
            as that, half a surrogate pair.
    """
    try:
        value = json.loads(body, parse_constant=_refuse_constant, parse_float=_finite)
    except json.JSONDecodeError as bad:
        raise ValueError(f"{bad.msg} at line {bad.lineno} column {bad.colno}") from None
    except UnicodeDecodeError as bad:
        raise ValueError(f"byte {bad.start} is not UTF-8") from None
    except RecursionError:
        raise ValueError(too_deep(most_deep)) from None
    if is_deeper(value, most_deep):
        raise ValueError(too_deep(most_deep))
    # Only an escape can make a surrogate that stands alone; the driver could not send it to Redis.
    if b"\\ud" in body or b"\\uD" in body:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as bad:
            half = ord(bad.object[bad.start])
            raise ValueError(
                f"the escape \\u{half:04x} is half of a surrogate pair; the other half is missing"
            ) from None
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    # Spelled again it would be `Infinity`, which is no JSON.
    if math.isinf(number):
        raise ValueError(f"the number {text[:40]} is too large: a JSON number goes up to 1.8e308")
    return number
