"""Work that is done once over all deliveries of an attempt chain, as a node asks for it."""

import asyncio
import inspect
import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from exosphere_core.names import identifier_error


@dataclass(slots=True)
class Once:
    """What one execution has recorded, and may record.

    Args:
        _recorded: tells whether there is a result under a key, and which.
        _record: records a result unless there is one, and returns the one that came first.
    """

    _recorded: Callable[[str], Awaitable[tuple[bool, Any]]]
    _record: Callable[[str, Any], Awaitable[Any]]
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def get(self, key: str, fn: Callable[[], Any]) -> Any:
        """Return the result recorded under a key; call `fn` for it when there is none. See `BaseNode.once`."""
        if error := identifier_error("once key", key):
            raise ValueError(error)
        if not callable(fn):
            if inspect.iscoroutine(fn):
                fn.close()
            raise TypeError(f"once key {key!r}: give a function that does the work, not {type(fn).__name__}")
        # Of two calls at once the later one waits, and is given what the first one recorded.
        async with self._turns.setdefault(key, asyncio.Lock()):
            recorded, known = await self._recorded(key)
            if recorded:
                return known
            result = fn()
            if inspect.isawaitable(result):
                result = await result
            if fault := json_fault(result):
                raise TypeError(f"once key {key!r}: the result {fault}; it must be JSON")
            return await self._record(key, result)


def json_fault(value: Any) -> str | None:
    """Say what of a value JSON can't spell without changing it, and where; None when it can."""
    try:
        text = json.dumps(value, ensure_ascii=False)
        text.encode()
        # A tuple would come back as a list, a number that is a key as text.
        if json.loads(text, parse_constant=_refuse_constant) == value:
            return None
    except (TypeError, ValueError):
        pass
    except RecursionError:
        return "is nested too deeply"
    try:
        return _fault(value, "") or f"is a {type(value).__name__} that JSON does not give back as it was"
    except RecursionError:
        return "holds itself"


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _fault(value: Any, place: str) -> str | None:
    verb = f"holds at {place} " if place else "is "
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                return f"{f'holds at {place}' if place else 'has'} the key {key!r} of type {type(key).__name__}"
        return next((fault for key, item in value.items() if (fault := _fault(item, f"{place}[{key!r}]"))), None)
    if isinstance(value, list):
        return next((fault for at, item in enumerate(value) if (fault := _fault(item, f"{place}[{at}]"))), None)
    if isinstance(value, float) and not math.isfinite(value):
        return f"{verb}the number {value}"
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return f"{verb}text with half a character (a lone surrogate)"
        return None
    if value is None or isinstance(value, int | float):
        return None
    return f"{verb}a {type(value).__name__}"
