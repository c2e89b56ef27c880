"""How runs, states and unites are named: by what causes them, in their shard, and so that text order is branch order."""

import re
from hashlib import blake2b
from typing import Final, Literal
from uuid import UUID, uuid4

#: Hex digits at the end of every run id and state id that hold the shard's index,
#: so that a record is found by its id alone.
_SHARD_DIGITS: Final = 4

#: The most shards that an id can name.
MAX_SHARDS: Final = 16**_SHARD_DIGITS

#: A run's UUID; the id of a state or unite. Nothing else may become part of a key.
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")

IdKind = Literal["root", "child", "sibling", "retry", "unite", "join"]


def new_run_id(shard: int) -> str:
    """Return a random UUID whose last digits name the shard."""
    return f"{str(uuid4())[:-_SHARD_DIGITS]}{shard:0{_SHARD_DIGITS}x}"


def run_id_for(shard: int, *parts: str) -> str:
    """Return the UUID that these words always give: the same cause makes the same run, however often it strikes."""
    digest = blake2b("\0".join(parts).encode(), digest_size=16).digest()
    return f"{str(UUID(bytes=digest, version=4))[:-_SHARD_DIGITS]}{shard:0{_SHARD_DIGITS}x}"


def derived_id(kind: IdKind, source: str, what: str = "") -> str:
    """Return the id of a state or unite as a function of what causes it, so that a repeated step changes nothing.

    Args:
        kind: why the thing is made.
        source: id of the run, state or unite that causes it; its last digits name the shard.
        what: what tells it from others of the same cause, such as position and identifier.
    """
    digest = blake2b(f"{kind}\0{source}\0{what}".encode(), digest_size=14).hexdigest()
    return digest + source[-_SHARD_DIGITS:]


def shard_of(some_id: str) -> int | None:
    """Return the index of the shard that a run or state id names, or None for text that is no such id."""
    return int(some_id[-_SHARD_DIGITS:], 16) if _ID.fullmatch(some_id) else None


def is_id(text: str) -> bool:
    """Whether a text is spelled as the id of a run, state or unite."""
    return _ID.fullmatch(text) is not None


def shard_of_ours(some_id: str) -> int:
    """Return the index of the shard that an id of our own making names."""
    return int(some_id[-_SHARD_DIGITS:], 16)


def sortable(number: int) -> str:
    """Spell a number so that text order is number order: its count of digits, then the digits.

    Raises:
        ValueError: the number is not in 0 to 999,999,999; its count of digits would be no digit.
    """
    if not 0 <= number <= 999_999_999:
        raise ValueError(f"{number} has no sortable spelling: it must be in 0 to 999999999")
    return _SPELLED[number] if number < len(_SPELLED) else _spelled(number)


def _spelled(number: int) -> str:
    digits = str(number)
    return f"{len(digits)}{digits}"


#: Edges, and positions of those who fan out into few: asked for by every state.
_SPELLED: Final = tuple(map(_spelled, range(100)))


def branch_step(branch: str, position: int, edge: int) -> str:
    """Return the branch of a child: its parent's branch, the parent's output it belongs to, and the edge it came by.

    Two branches of one fan-out differ first in the position within the outermost list
    that they do not share, so text order is branch order.
    """
    return f"{branch}.{sortable(position)}-{sortable(edge)}"


def member(identifier: str, branch: str, position: int, state_id: str) -> str:
    """An entry of a unite's members: sorts by identifier, then in branch order."""
    return f"{identifier}/{branch}.{sortable(position)}/{state_id}"


#: Errored branches of an ALL_DONE unite, kept apart from identifiers, which hold no `!`.
ERRORED_MEMBERS: Final = "!"
