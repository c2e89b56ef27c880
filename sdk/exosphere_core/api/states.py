"""States, and what a running node asks for: bodies and calls."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from exosphere_core.api.row import NAMESPACE, Row
from exosphere_core.roles import Role


class StateResponse(BaseModel):
    """One state."""

    id: str
    node_name: str
    identifier: str
    graph_name: str
    run_id: str
    status: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    error: str | None
    data: dict[str, Any] | None = Field(default=None, description="what a prune signal carried")
    parents: dict[str, str]
    retry_count: int
    attempt: int = Field(description="how often the state was delivered, beginning with 1")
    due_at: str | None = None
    retried_by: str | None = Field(default=None, description="the state that retries this one")
    created_at: str
    updated_at: str
    worker: str | None = Field(
        default=None, description="the runtime that executed it last and reported; null when that is not known"
    )
    ran_ms: int | None = Field(
        default=None,
        description="for how long it executed it: of a state that has ended, the execution began so long before `updated_at`",
    )


class SecretsResponse(BaseModel):
    """The secrets that a running state's node declares."""

    secrets: dict[str, str]


class StoreValueResponse(BaseModel):
    """One value of a run's store; null when the key is not set."""

    key: str
    value: str | None


class OnceResponse(BaseModel):
    """What `self.once` recorded under a key; `value` is null when it recorded nothing."""

    key: str
    recorded: bool
    value: Any = Field(description="any JSON")


class RecordOnceRequest(BaseModel):
    """A result to record."""

    model_config = ConfigDict(extra="forbid")

    value: Any = Field(description="any JSON")


class RecordOnceResponse(BaseModel):
    """The result that is recorded: the first one, whoever sent it."""

    key: str
    value: Any = Field(description="any JSON")


GET_STATE: Final = Row(
    "get_state", "GET", f"{NAMESPACE}/graph/{{graph_name}}/run/{{run_id}}/node/{{state_id}}", "Get one state of a run",
    StateResponse, errors=(400, 404), role=Role.VIEWER,
)  # fmt: skip
GET_SECRETS: Final = Row(
    "get_secrets", "GET", f"{NAMESPACE}/state/{{state_id}}/secrets", "Get the secrets of a running state",
    SecretsResponse, errors=(400, 404), role=Role.RUNTIME,
)  # fmt: skip
GET_STORE_VALUE: Final = Row(
    "get_store_value", "GET", f"{NAMESPACE}/run/{{run_id}}/store/{{key}}", "Get one value of a run's store",
    StoreValueResponse, errors=(400, 404), role=Role.VIEWER,
)  # fmt: skip
GET_STATE_STORE_VALUE: Final = Row(
    "get_state_store_value", "GET", f"{NAMESPACE}/state/{{state_id}}/store/{{key}}",
    "Get one value of the store of a state's run, in whichever namespace that is; used by runtimes",
    StoreValueResponse, errors=(400, 404), role=Role.RUNTIME,
)  # fmt: skip
GET_ONCE: Final = Row(
    "get_once", "GET", f"{NAMESPACE}/state/{{state_id}}/once/{{key}}", "Get what a state's attempt chain recorded once",
    OnceResponse, errors=(400, 404, 409), role=Role.RUNTIME,
)  # fmt: skip
RECORD_ONCE: Final = Row(
    "record_once", "PUT", f"{NAMESPACE}/state/{{state_id}}/once/{{key}}",
    "Record a result for a state's attempt chain, if it is the first", RecordOnceResponse, RecordOnceRequest,
    errors=(400, 404, 409), role=Role.RUNTIME, audited=False,
)  # fmt: skip


__all__ = [
    "GET_ONCE",
    "GET_SECRETS",
    "GET_STATE",
    "GET_STATE_STORE_VALUE",
    "GET_STORE_VALUE",
    "RECORD_ONCE",
    "OnceResponse",
    "RecordOnceRequest",
    "RecordOnceResponse",
    "SecretsResponse",
    "StateResponse",
    "StoreValueResponse",
]
