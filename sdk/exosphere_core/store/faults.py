"""What can go wrong between us and Redis, for those who must not import the driver."""

from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    ConnectionError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,
    TryAgainError,
)

#: The connection or the server is gone: nothing is known about what was under way.
LOST: tuple[type[Exception], ...] = (ConnectionError, TimeoutError, BusyLoadingError, OSError)

#: The server does not know us, or not any more.
REFUSED: tuple[type[Exception], ...] = (AuthenticationError, NoPermissionError)

#: Everything that Redis or the way to it can do to us.
FAULTS: tuple[type[Exception], ...] = (*LOST, RedisError)


def is_refusal(fault: BaseException) -> bool:
    """Whether the server does not know us. The driver wraps a refusal in a `ConnectionError` when it comes while it connects."""
    return isinstance(fault, REFUSED) or isinstance(fault.__cause__, REFUSED)


def is_out_of_memory(fault: BaseException) -> bool:
    """Whether Redis refused for want of memory. Before Redis 7 a script's error has no class of its own, only its text."""
    return isinstance(fault, OutOfMemoryError) or (isinstance(fault, ResponseError) and "OOM " in str(fault))


#: What Redis answers to any write while it is in no state to take one: it says nothing about the write itself.
_UNABLE = ("MISCONF", "NOREPLICAS", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY")


def is_inability(fault: BaseException) -> bool:
    """Whether Redis refused a write for a reason of its own, such as a full disk or a replica that is missing.

    A script's refusal begins with the word from Redis 7 on, and has it in its midst before: `... @user_script: 1: -MISCONF ...`.
    """
    if is_out_of_memory(fault) or isinstance(fault, ReadOnlyError | ClusterDownError | TryAgainError):
        return True
    text = str(fault)
    return isinstance(fault, ResponseError) and any(
        text.startswith(f"{word} ") or f" -{word} " in text for word in _UNABLE
    )


__all__ = [
    "FAULTS",
    "LOST",
    "REFUSED",
    "RedisError",
    "ResponseError",
    "is_inability",
    "is_out_of_memory",
    "is_refusal",
]
