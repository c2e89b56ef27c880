"""What can go wrong between us and Redis, for those who must not import the driver."""

from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    ConnectionError,
    MasterDownError,
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


def is_unpermitted(fault: BaseException) -> bool:
    """Whether the server knows us and does not permit a command or key. Of a script's command it says so in the text only."""
    return isinstance(fault, NoPermissionError) or (
        isinstance(fault, ResponseError) and "user executing the script" in str(fault)
    )


def is_out_of_memory(fault: BaseException) -> bool:
    """Whether Redis refused for want of memory. Before Redis 7 a script's error has no class of its own, only its text."""
    return isinstance(fault, OutOfMemoryError) or (isinstance(fault, ResponseError) and "OOM " in str(fault))


#: What Redis answers to any write while it is in no state to take one, which says nothing about the write itself; and why.
_UNABLE = {
    "MISCONF": "it can't write to its disk",
    "NOREPLICAS": "too few replicas are connected",
    "READONLY": "it is a replica",
    "MASTERDOWN": "it is a replica whose master is away",
    "CLUSTERDOWN": "a part of the cluster is away",
    "TRYAGAIN": "a slot is moving",
    "BUSY": "a script takes long",
}

#: Where the driver knows it by a class of its own, which takes the word off the text.
_CLASSES = (
    (ReadOnlyError, "READONLY"),
    (MasterDownError, "MASTERDOWN"),
    (ClusterDownError, "CLUSTERDOWN"),
    (TryAgainError, "TRYAGAIN"),
)


def inability(fault: BaseException) -> str:
    """Why Redis can take no writes now, when a write was refused for that; "" when it was refused for another reason.

    A script's refusal begins with the word from Redis 7 on, and has it in its midst before: `... @user_script: 1: -MISCONF ...`.
    """
    if not isinstance(fault, ResponseError):
        return ""
    if is_out_of_memory(fault):
        return "it is out of memory"
    text = str(fault)
    words = [word for kind, word in _CLASSES if isinstance(fault, kind)]
    words += [word for word in _UNABLE if text.startswith(f"{word} ") or f" -{word} " in text]
    return f"{_UNABLE[words[0]]} ({words[0]})" if words else ""


def is_inability(fault: BaseException) -> bool:
    """Whether Redis refused a write for a reason of its own, such as a full disk or a replica that is missing."""
    return bool(inability(fault))


__all__ = [
    "FAULTS",
    "LOST",
    "REFUSED",
    "RedisError",
    "ResponseError",
    "inability",
    "is_inability",
    "is_out_of_memory",
    "is_refusal",
    "is_unpermitted",
]
