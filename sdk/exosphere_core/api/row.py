"""What every call of the HTTP API is made of: a row of the contract, errors, headers; and the calls without a key."""

from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationInfo

from exosphere_core.errors import BadRequest
from exosphere_core.names import NAME_PATTERN
from exosphere_core.roles import Role, suffices

API_KEY_HEADER: Final = "x-api-key"
REQUEST_ID_HEADER: Final = "x-exosphere-request-id"
IDEMPOTENCY_KEY_HEADER: Final = "idempotency-key"
LAST_EVENT_ID_HEADER: Final = "last-event-id"
#: Of a call that belongs to a trace, see https://www.w3.org/TR/trace-context.
TRACEPARENT_HEADER: Final = "traceparent"
VERSION: Final = "v0"
#: Version of the stream entries between state manager and runtime; both sides refuse another one by name.
STREAM_PROTOCOL: Final = 1


def _trimmed(values: dict[str, str], info: ValidationInfo) -> dict[str, str]:
    trimmed: dict[str, str] = {}
    for key, value in values.items():
        if key.strip() in trimmed:
            # No fault of form, which would be answered 422: no description of a body can say it.
            raise BadRequest(f"{info.field_name}: {key.strip()!r} is given more than once")
        trimmed[key.strip()] = value
    return trimmed


#: Text by name, with white space around the names cut off. As for `Name`, the form only describes it.
ByName = Annotated[
    dict[str, str],
    AfterValidator(_trimmed),
    Field(json_schema_extra={"propertyNames": {"pattern": rf"^\s*{NAME_PATTERN}\s*$"}}),
]

#: A name with white space around it cut off. The form only describes it: the call refuses another one in its own words.
Name = Annotated[str, AfterValidator(str.strip), Field(json_schema_extra={"pattern": rf"^\s*{NAME_PATTERN}\s*$"})]


def whole(value: object) -> object:
    """For `BeforeValidator`: refuse what Python takes for a number and JSON does not."""
    if isinstance(value, bool | str):
        raise ValueError("must be a whole number")
    return value


#: A number of JSON without a fraction; neither text that looks like one nor true or false.
Whole = Annotated[int, BeforeValidator(whole)]


class ErrorBody(BaseModel):
    """Every error answer. `errors` lists the single faults where there can be several."""

    detail: str
    errors: list[str] | None = None


class Message(BaseModel):
    """An answer that is one sentence."""

    message: str


class ReadyResponse(Message):
    """Redis can be reached."""

    warnings: list[str] = Field(description="what about the settings of Redis can lose work, each with the fix")
    notes: list[str] = Field(description="what about them one should know")
    replicas: int = Field(description="how many replicas of Redis are connected")
    min_replicas_to_write: str = Field(
        description="how many of them Redis must hear to take a write; empty where it does not tell"
    )
    refuses_triggers: str | None = Field(
        description="why no trigger is accepted now: the memory budget; null when they are"
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One call of the API.

    Attributes:
        path: with `{placeholders}`; relative to the server's root.
        role: what an API key needs to make the call; every call with a key has one.
        also: another role that may make it and does not include the first.
        narrows: of a call without a namespace in its path: whether a key of one namespace may make it, and is told of
            that one only. Without, it takes a key of all namespaces.
        audited: whether the audit log tells of it when it succeeded. Left out: whatever changes something.
        errors: statuses besides 401, 403 and 503, which every keyed call can give.
        repeatable: whether a client may send it again when it does not know what came of it;
            with an idempotency key, where the row takes one, it always may.
        query, headers: name → meaning of what may be sent beside the body.
        streams: the answer is a stream of server-sent events, whose data are each a `response`.
        nothing: when it is answered 204, without a body.
    """

    name: str
    method: Literal["GET", "PUT", "POST", "DELETE"]
    path: str
    summary: str
    response: type[BaseModel]
    request: type[BaseModel] | None = None
    status: int = 200
    errors: tuple[int, ...] = ()
    keyed: bool = True
    role: Role | None = None
    also: Role | None = None
    narrows: bool = False
    audited: bool | None = None
    repeatable: bool = True
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    streams: bool = False
    nothing: str | None = None

    def __post_init__(self) -> None:
        if self.keyed != (self.role is not None):
            raise ValueError(f"row {self.name!r}: a call with a key needs a role, and one without has none")

    @property
    def is_audited(self) -> bool:
        """Whether the audit log tells of each time that it succeeded."""
        return self.method != "GET" if self.audited is None else self.audited

    def permits(self, held: Role) -> bool:
        """Whether a key of a role may make the call, its namespace aside."""
        return any(needed is not None and suffices(held, needed) for needed in (self.role, self.also))


NAMESPACE: Final = f"/{VERSION}/namespace/{{namespace}}"
HEALTH: Final = Row("health", "GET", "/health", "Whether the process runs", Message, keyed=False)
READY: Final = Row(
    "ready",
    "GET",
    "/readyz",
    "Whether Redis can be reached, and what about it can lose work",
    ReadyResponse,
    keyed=False,
    errors=(503,),
)


__all__ = [
    "API_KEY_HEADER",
    "HEALTH",
    "IDEMPOTENCY_KEY_HEADER",
    "LAST_EVENT_ID_HEADER",
    "NAMESPACE",
    "READY",
    "REQUEST_ID_HEADER",
    "STREAM_PROTOCOL",
    "TRACEPARENT_HEADER",
    "VERSION",
    "ErrorBody",
    "Message",
    "ReadyResponse",
    "Row",
]
