"""API keys: create, list, revoke: bodies and calls."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from exosphere_core.api.row import NAMESPACE, VERSION, Row, whole
from exosphere_core.names import NAME_PATTERN
from exosphere_core.roles import Role

#: A name, or nothing.
_Label = Annotated[str, AfterValidator(str.strip), Field(json_schema_extra={"pattern": rf"^\s*({NAME_PATTERN})?\s*$"})]

#: A century, in ms.
_LONGEST_MS: Final = 100 * 366 * 24 * 3600 * 1000

KeyStatus = Literal["active", "expired", "revoked"]


class CreateKeyRequest(BaseModel):
    """Makes an API key."""

    model_config = ConfigDict(extra="forbid")

    role: Role = Field(description="what the key may do")
    name: _Label = Field(default="", description="for people, such as who or what uses it")
    expires_in_ms: Annotated[int, Field(ge=1, le=_LONGEST_MS), BeforeValidator(whole)] | None = Field(
        default=None, description="how long it is good for, in ms; null for ever, until it is revoked"
    )


class KeyBody(BaseModel):
    """An API key, without its secret."""

    id: str
    name: str
    namespace: str = Field(description="'*' for all namespaces")
    role: Role
    status: KeyStatus
    created_at: str
    created_by: str = Field(description="id of the key that it was made with, or 'root'")
    expires_at: str | None
    last_used_at: str | None = Field(description="to the minute; null when it was never used")
    revoked_at: str | None


class CreateKeyResponse(KeyBody):
    """A new API key. This is the only time that it is shown."""

    key: str = Field(description="what a client sends; it is stored nowhere")


class KeysResponse(BaseModel):
    """API keys, the newest first. Revoked and expired ones are listed for a day."""

    namespace: str = Field(description="'*' for the keys of all namespaces")
    count: int
    keys: list[KeyBody]


_ALL: Final = f"/{VERSION}"
CREATE_KEY: Final = Row(
    "create_key", "POST", f"{NAMESPACE}/keys/", "Create an API key for this namespace",
    CreateKeyResponse, CreateKeyRequest, status=201, errors=(400, 409), role=Role.ADMIN, repeatable=False,
)  # fmt: skip
LIST_KEYS: Final = Row(
    "list_keys", "GET", f"{NAMESPACE}/keys/", "List the API keys of this namespace",
    KeysResponse, errors=(400,), role=Role.ADMIN,
)  # fmt: skip
REVOKE_KEY: Final = Row(
    "revoke_key", "DELETE", f"{NAMESPACE}/key/{{key_id}}", "Revoke an API key of this namespace, at once",
    KeyBody, errors=(400, 404), role=Role.ADMIN,
)  # fmt: skip
CREATE_GLOBAL_KEY: Final = Row(
    "create_global_key", "POST", f"{_ALL}/keys/", "Create an API key for all namespaces",
    CreateKeyResponse, CreateKeyRequest, status=201, errors=(400, 409), role=Role.ADMIN, repeatable=False,
)  # fmt: skip
LIST_GLOBAL_KEYS: Final = Row(
    "list_global_keys", "GET", f"{_ALL}/keys/", "List the API keys that are good for all namespaces",
    KeysResponse, role=Role.ADMIN,
)  # fmt: skip
REVOKE_GLOBAL_KEY: Final = Row(
    "revoke_global_key", "DELETE", f"{_ALL}/key/{{key_id}}", "Revoke an API key for all namespaces, at once",
    KeyBody, errors=(404,), role=Role.ADMIN,
)  # fmt: skip


__all__ = [
    "CREATE_GLOBAL_KEY",
    "CREATE_KEY",
    "LIST_GLOBAL_KEYS",
    "LIST_KEYS",
    "REVOKE_GLOBAL_KEY",
    "REVOKE_KEY",
    "CreateKeyRequest",
    "CreateKeyResponse",
    "KeyBody",
    "KeysResponse",
]
