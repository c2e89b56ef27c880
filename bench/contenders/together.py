"""Many calls under way at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

#: As many as are under way at a time.
AT_ONCE = 32


async def in_parallel(count: int, call: Callable[[int], Awaitable[Any]]) -> None:
    """Make calls for 0 to `count` − 1, some at a time."""
    numbers = iter(range(count))

    async def some() -> None:
        for number in numbers:
            await call(number)

    await asyncio.gather(*(some() for _ in range(min(AT_ONCE, count))))
