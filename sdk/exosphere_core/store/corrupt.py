"""Records that can't be read: each is told by its key, so that one of them stops nothing else."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from exosphere_core.errors import CorruptRecord

Read = TypeVar("Read")

#: Takes, by id, what is wrong with records that can't be read, where these are to be left out.
Unreadable = dict[str, CorruptRecord]


def is_wrong_type(fault: BaseException) -> bool:
    """Whether Redis refused a command or a script because a key holds another type than it should."""
    return isinstance(fault, ResponseError) and "wrong kind of value" in str(fault)


@contextmanager
def reading(key: str) -> Iterator[None]:
    """Around reading a record and making sense of it: what goes wrong is told with its key.

    Raises:
        CorruptRecord: a field is missing or can't be read, or the key holds another type of Redis.
    """
    try:
        yield
    except KeyError as missing:
        name = missing.args[0]
        raise _corrupt(key, f"field {name.decode() if isinstance(name, bytes) else name!r} is missing") from None
    except UnicodeDecodeError:
        raise _corrupt(key, "a field is not UTF-8") from None
    except (ValueError, OverflowError, RecursionError) as bad:
        raise _corrupt(key, " ".join(str(bad).split())[:500]) from None
    except ResponseError as refused:
        if not is_wrong_type(refused):
            raise
        raise _corrupt(key, "the key holds another type of Redis than a record of this kind") from None


def read_reply(
    key: str, reply: Any, decode: Callable[[Any], Read], some_id: str, unreadable: Unreadable | None
) -> Read | None:
    """Make sense of one reply of a pipeline that does not raise errors.

    Args:
        some_id: what a record that can't be read is noted under.
        unreadable: takes the error, and None is returned; without it the error is raised.

    Raises:
        CorruptRecord: the record can't be read.
        redis.exceptions.ResponseError: Redis refused the command for another reason.
    """
    try:
        with reading(key):
            if isinstance(reply, Exception):
                raise reply
            return decode(reply)
    except CorruptRecord as bad:
        if unreadable is None:
            raise
        unreadable[some_id] = bad
        return None


async def hashes_of(redis: "Redis", keys: Mapping[str, str]) -> list[str]:
    """Return the ids whose key is a hash, whatever is in it."""
    kinds = [await redis.type(key) for key in keys.values()]
    return [some_id for some_id, kind in zip(keys, kinds, strict=True) if kind == b"hash"]


def _corrupt(key: str, why: str) -> CorruptRecord:
    return CorruptRecord(
        f"the record {key} in Redis can't be read: {why}; restore it from a backup, or delete what it belongs to"
    )
