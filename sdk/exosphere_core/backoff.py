"""Waiting between tries: longer each time, scattered so that those who lost the same server do not return as one."""

import asyncio
import random


class Backoff:
    """Pauses that double up to a longest one.

    Args:
        first_s: the first pause, in s.
        longest_s: the longest pause, in s.
    """

    def __init__(self, first_s: float = 0.05, longest_s: float = 2.0) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._next_s = first_s

    @property
    def next_s(self) -> float:
        """The next pause before it is scattered, in s."""
        return self._next_s

    def reset(self) -> None:
        """It went well: begin with the first pause again."""
        self._next_s = self._first_s

    async def wait(self) -> None:
        """Pause for half to all of the next pause."""
        await asyncio.sleep(self._next_s * random.uniform(0.5, 1.0))
        self._next_s = min(self._next_s * 2, self._longest_s)
