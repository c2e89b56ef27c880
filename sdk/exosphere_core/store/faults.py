"""What can go wrong between us and Redis, for those who must not import the driver."""

from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ConnectionError,
    NoPermissionError,
    OutOfMemoryError,
    RedisError,
    ResponseError,
    TimeoutError,
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


__all__ = ["FAULTS", "LOST", "REFUSED", "RedisError", "ResponseError", "is_out_of_memory", "is_refusal"]
