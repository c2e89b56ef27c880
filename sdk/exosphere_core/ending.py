"""Ending asyncio tasks for certain."""

import asyncio
from typing import Any

#: A task that has not ended this long after it was cancelled is cancelled again, in s.
_AGAIN_S = 0.2


async def end(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks and wait until they have ended; what they raise is dropped.

    One cancel is not enough: on Python 3.11 a cancel that comes while a reply arrives within
    a time-out (`asyncio.wait_for`, as the Redis driver uses it) is swallowed with the time-out.
    """
    left = [task for task in tasks if not task.done()]
    while left:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=_AGAIN_S)
        left = [task for task in left if not task.done()]
    await asyncio.gather(*tasks, return_exceptions=True)
