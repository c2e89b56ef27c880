"""What a fault of Redis is to whoever makes runs straight in it: an error that says what to do."""

from exosphere_core.errors import AuthenticationFailed, ExosphereError, Forbidden, ServerError, Unavailable
from exosphere_core.store.corrupt import is_wrong_type
from exosphere_core.store.faults import LOST, inability, is_refusal, is_unpermitted


def error_of(fault: BaseException, place: str) -> ExosphereError:
    """Word a fault.

    Args:
        place: where Redis is, without credentials.
    """
    text = " ".join(str(fault).split())
    if is_unpermitted(fault):
        return Forbidden(
            f"Redis at {place} does not permit its user to make runs ({text}); docs/redis.md tells what a producer's user needs"
        )
    if is_refusal(fault):
        return AuthenticationFailed(
            f"Redis at {place} refuses the connection ({text}); are user and password in EXOSPHERE_REDIS_URL right?"
        )
    if isinstance(fault, LOST):
        return Unavailable(
            f"Redis at {place} can't be reached ({text or type(fault).__name__}); "
            "is it running, and is EXOSPHERE_REDIS_URL right?"
        )
    if is_wrong_type(fault):
        return ServerError(
            "a key in Redis that this call needs holds another type than it should; delete or restore it"
        )
    if why := inability(fault):
        return Unavailable(f"Redis takes no writes now: {why}; try again later")
    return ServerError(f"Redis at {place} refused to make a run: {text}")
