"""What the SDK raises. Every class derives from `ExosphereError` and says what to do about it."""

from exosphere_core.errors import (
    AuthenticationFailed,
    BadRequest,
    ConfigurationError,
    Conflict,
    ExosphereError,
    Forbidden,
    InvalidGraph,
    NotFound,
    TimedOut,
    TooLarge,
    Unavailable,
)

__all__ = [
    "AuthenticationFailed",
    "BadRequest",
    "ConfigurationError",
    "Conflict",
    "ExosphereError",
    "Forbidden",
    "InvalidGraph",
    "NotFound",
    "TimedOut",
    "TooLarge",
    "Unavailable",
]
