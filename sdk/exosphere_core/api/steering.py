"""What a person does to a run: bodies and calls."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from exosphere_core.api.row import NAMESPACE, ByName, Row
from exosphere_core.api.runs import RunResponse
from exosphere_core.roles import Role


class RerunRequest(BaseModel):
    """Runs again from a node, or from one state of it; with neither from the root."""

    model_config = ConfigDict(extra="forbid")

    identifier: str | None = Field(default=None, description="the node: each of its states is executed anew")
    state_id: str | None = Field(default=None, description="the one state to begin at")
    inputs: dict[str, str] = Field(default_factory=dict, description="replaces inputs of the same names there")
    store: ByName = Field(default_factory=dict, description="overlays the store of the earlier run")


class RerunResponse(BaseModel):
    """The new run."""

    status: Literal["CREATED"]
    run_id: str
    rerun_of: str


class ManualRetryRequest(BaseModel):
    """Retries a state that failed."""

    model_config = ConfigDict(extra="forbid")

    fanout_id: str = Field(description="tells this retry from others of the same state; each is made once")


class ManualRetryResponse(BaseModel):
    """The state that retries."""

    id: str
    status: str


class RetryRunResponse(BaseModel):
    """What of a run is retried."""

    run_id: str
    count: int
    retried: dict[str, str] = Field(description="id of each state that failed → id of the one that retries it")
    refused: dict[str, str] = Field(
        default_factory=dict, description="id of each state that failed and can't be retried → why"
    )


CANCEL_RUN: Final = Row(
    "cancel_run", "POST", f"{NAMESPACE}/run/{{run_id}}/cancel", "Cancel a run",
    RunResponse, errors=(400, 404, 409), role=Role.OPERATOR,
)  # fmt: skip
RETRY_RUN: Final = Row(
    "retry_run", "POST", f"{NAMESPACE}/run/{{run_id}}/retry", "Retry every state of a run that failed",
    RetryRunResponse, errors=(400, 404, 409, 429), repeatable=False, role=Role.OPERATOR,
)  # fmt: skip
RERUN: Final = Row(
    "rerun", "POST", f"{NAMESPACE}/run/{{run_id}}/rerun", "Run again from a node, taking over what lies before it",
    RerunResponse, RerunRequest, errors=(400, 404, 409, 429), repeatable=False, role=Role.OPERATOR,
)  # fmt: skip
MANUAL_RETRY: Final = Row(
    "manual_retry", "POST", f"{NAMESPACE}/state/{{state_id}}/manual-retry", "Retry a state that failed",
    ManualRetryResponse, ManualRetryRequest, errors=(400, 404, 409, 429), repeatable=False, role=Role.OPERATOR,
)  # fmt: skip


__all__ = [
    "CANCEL_RUN",
    "MANUAL_RETRY",
    "RERUN",
    "RETRY_RUN",
    "ManualRetryRequest",
    "ManualRetryResponse",
    "RerunRequest",
    "RerunResponse",
    "RetryRunResponse",
]
