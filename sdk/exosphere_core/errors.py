"""The tree of errors. Each class says what to do about it; servers and clients use the same ones.

ExosphereError
├── BadRequest            400  mend the request: the detail names the field
│   └── InvalidGraph      400  mend the graph: `errors` lists everything wrong with it
├── AuthenticationFailed  401  send the right API key
├── Forbidden             403  use a key that is good for this namespace
├── NotFound              404  the thing named does not exist
├── Conflict              409  it was done already, or something is in its way
├── TooLarge              413  send less: the detail names the limit
├── Overloaded            429  try again later: there is too much to do already; nothing was changed
├── ServerError           500  look into the log of the state manager: it met what nobody foresaw
├── Unavailable           503  try again: the server or its Redis can't be reached now
│   └── NotYetSafe        503  try again with the same idempotency key: it was done and may still be lost
├── CorruptRecord              restore the record that the detail names, or delete what it belongs to
├── TimedOut                   it took longer than asked; it may still happen
└── ConfigurationError         mend the settings; shown as one line, never as a stack trace
"""

from typing import ClassVar


class ExosphereError(Exception):
    """Base of every error of Exosphere.

    Attributes:
        detail: one sentence that names the thing, the place and the fix.
        http_status: the status that the HTTP API answers with.
    """

    http_status: ClassVar[int] = 500

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class BadRequest(ExosphereError):
    """The request is malformed. Mend what the detail names."""

    http_status = 400


class InvalidGraph(BadRequest):
    """The graph can't be stored or run. `errors` lists everything wrong with it."""

    def __init__(self, detail: str, errors: list[str]) -> None:
        super().__init__(detail)
        self.errors = errors


class AuthenticationFailed(ExosphereError):
    """The API key is missing or wrong."""

    http_status = 401


class Forbidden(ExosphereError):
    """The API key is not good for this namespace or call."""

    http_status = 403


class NotFound(ExosphereError):
    """The thing named does not exist."""

    http_status = 404


class Conflict(ExosphereError):
    """It was done already, or something is in its way."""

    http_status = 409


class TooLarge(ExosphereError):
    """A limit was passed. The detail names the limit and the size."""

    http_status = 413


class ServerError(ExosphereError):
    """The state manager met what nobody foresaw. Its log tells more, under the request id that the detail names."""

    http_status = 500


class Unavailable(ExosphereError):
    """The state manager or its Redis can't be reached now. Try again."""

    http_status = 503


class CorruptRecord(ExosphereError):
    """A record in Redis can't be read. The detail names its key and what is wrong with it."""


class NotYetSafe(Unavailable):
    """It was done, and a failure of Redis could still undo it. Send it again with the same idempotency key."""


class Overloaded(ExosphereError):
    """There is too much to do already. The detail names the limit, the figure and the setting; nothing was changed.

    Attributes:
        retry_after_s: when to try again, in s; None when nobody said.
    """

    http_status = 429

    def __init__(self, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class TimedOut(ExosphereError):
    """It took longer than asked; it may still happen."""


class ConfigurationError(ExosphereError):
    """A setting, file or argument is wrong. Shown as one line."""


#: What a client raises for a status.
BY_STATUS: dict[int, type[ExosphereError]] = {
    400: BadRequest,
    401: AuthenticationFailed,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    422: BadRequest,
    429: Overloaded,
    500: ServerError,
    # So say proxies of a state manager that they can't reach.
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}
