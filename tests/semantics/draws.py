"""The choices of a generator, read off a tape of bytes: the same tape gives the same scenario, and a smaller one a simpler one."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

#: Enough for by far the most scenarios; where the tape ends, every choice is the simplest.
TAPE_BYTES = 2000


def tape_of(seed: int) -> bytes:
    """The tape of a seed."""
    return Random(seed).randbytes(TAPE_BYTES)


class Draws:
    """Reads a tape. Of several things the first is the simplest, and a zero on the tape draws it."""

    def __init__(self, tape: bytes) -> None:
        self._tape = iter(tape)

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1; `limit` is at most 256."""
        return next(self._tape, 0) * limit // 256

    def between(self, least: int, most: int) -> int:
        """A number from `least` to `most`, both included."""
        return least + self.below(most - least + 1)

    def choice(self, options: Sequence[T]) -> T:
        """One of the first 256 options."""
        return options[self.below(min(256, len(options)))]

    def likely(self, probability: float) -> bool:
        """Whether something of this probability is so; the simplest is that it is not."""
        return next(self._tape, 0) >= 256 * (1 - probability)

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in another order; the simplest is the same one."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in items]
