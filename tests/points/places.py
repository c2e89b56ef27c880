"""Where what a command wrote is torn: at every byte, but inside a long value only here and there."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

#: A value of more bytes is long: all places inside it are alike, but for those near its ends.
LONG = 4096

#: So many bytes at each end of a long value are places as any others; between these each so-manieth is.
STRIDE = 64


class Word(NamedTuple):
    """A word of a command in an append-only file: where it begins, and what it is."""

    start: int
    text: bytes


def commands(written: bytes) -> Iterator[list[Word]]:
    """Read the commands in a piece of an append-only file."""
    at = 0
    while at < len(written):
        words: list[Word] = []
        end = written.index(b"\r\n", at)
        many, at = int(written[at + 1 : end]), end + 2
        for _ in range(many):
            end = written.index(b"\r\n", at)
            length, start = int(written[at + 1 : end]), end + 2
            words.append(Word(start, written[start : start + length]))
            at = start + length + 2
        yield words


def has_long_values(written: bytes) -> bool:
    """Whether any value in a piece of an append-only file is long."""
    return any(len(word.text) > LONG for words in commands(written) for word in words)


def places(written: bytes, draws: Random) -> list[int]:
    """Tell after how many bytes of what was written it is torn; the last place is behind all of it.

    Args:
        draws: where inside a long value the first place is.
    """
    left_out: set[int] = set()
    for words in commands(written):
        for start, text in words:
            if len(text) > LONG:
                inside = range(start + STRIDE, start + len(text) - STRIDE)
                left_out |= set(inside) - set(inside[draws.randrange(STRIDE) :: STRIDE])
    return [place for place in range(1, len(written) + 1) if place not in left_out]
