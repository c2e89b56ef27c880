"""Many calls under way at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

#: As many as are under way at a time.
AT_ONCE = 32


async def in_parallel(count: int, call: Callable[[int], Awaitable[Any]]) -> list[Any]:
    """Make calls for 0 to `count` − 1, some at a time; their results in the order in which they came."""
    numbers = iter(range(count))
    results: list[Any] = []

    async def some() -> None:
        for number in numbers:
            results.append(await call(number))

    await asyncio.gather(*(some() for _ in range(min(AT_ONCE, count))))
    return results
