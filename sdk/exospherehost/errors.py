"""What the SDK raises: every class derives from `ExosphereError` and says what to do about it. And what nodes may raise."""

from exosphere_core.errors import (
    AuthenticationFailed,
    BadRequest,
    ConfigurationError,
    Conflict,
    CorruptRecord,
    ExosphereError,
    Forbidden,
    InvalidGraph,
    NotFound,
    NotYetSafe,
    Overloaded,
    ServerError,
    TimedOut,
    TooLarge,
    Unavailable,
)
from exosphere_worker.signals import NonRetryableError

__all__ = [
    "AuthenticationFailed",
    "BadRequest",
    "ConfigurationError",
    "Conflict",
    "CorruptRecord",
    "ExosphereError",
    "Forbidden",
    "InvalidGraph",
    "NonRetryableError",
    "NotFound",
    "NotYetSafe",
    "Overloaded",
    "ServerError",
    "TimedOut",
    "TooLarge",
    "Unavailable",
]
