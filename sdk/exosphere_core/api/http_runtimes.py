"""Runtimes over plain HTTP: take states, tell what came of them. Bodies and calls."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, Field

from exosphere_core.api.row import NAMESPACE, Name, Row, Whole, whole
from exosphere_core.roles import Role

#: The most states that one call gives, whatever it asks for.
MOST_ENQUEUED: Final = 1000

#: The most nodes that one call asks for.
MOST_NODES: Final = 1000

#: The longest time after which a state may ask to be run again, in ms.
LONGEST_DELAY_MS: Final = 10 * 366 * 24 * 3600 * 1000


class EnqueueRequest(BaseModel):
    """Asks for ready states. Extra keys are ignored."""

    nodes: list[Name] = Field(max_length=MOST_NODES, description="names of the nodes that the client can execute")
    batch_size: Whole = Field(
        ge=1, description=f"how many states at the most; more than {MOST_ENQUEUED} are never given"
    )


class EnqueuedState(BaseModel):
    """A state that the client has now."""

    state_id: str
    node_name: str
    identifier: str
    inputs: dict[str, str]
    created_at: str
    attempt: int = Field(
        description="names this delivery: sent along with the report, it keeps a late one from counting"
    )
    run_id: str
    graph_name: str
    retry_count: int = Field(description="how many attempts failed before")
    idempotency_key: str = Field(description="the same for every attempt and delivery of one execution")
    timeout_ms: int | None = Field(description="how long the node may run; kept by the client")
    traceparent: str | None = Field(
        description="W3C trace context that the run was triggered with, for the client's own spans"
    )


class EnqueueResponse(BaseModel):
    """What is ready now: it may be nothing."""

    count: int
    namespace: str
    status: Literal["QUEUED"]
    states: list[EnqueuedState]
    lease_ms: int = Field(description="a state that is not reported for this long is given to somebody else")


class Reported(BaseModel):
    """What every report may say. Extra keys are ignored."""

    attempt: Annotated[int, Field(ge=1), BeforeValidator(whole)] | None = Field(
        default=None, description="of the delivery that is reported: if another is current, nothing is changed"
    )


class ExecutedRequest(Reported):
    """The node returned."""

    outputs: list[dict[str, str]] = Field(
        description="several are a fan-out, in this order; an empty list is one empty output"
    )


class ExecutedResponse(BaseModel):
    """The outputs are taken over."""

    status: Literal["EXECUTED"]


class ErroredRequest(Reported):
    """The node failed."""

    error: str


class ErroredResponse(BaseModel):
    """The failure is recorded."""

    status: Literal["ERRORED"]
    retry_created: bool = Field(description="whether the retry policy made another attempt")


class PruneRequest(Reported):
    """Ends the branch."""

    data: dict[str, Any] = Field(description="kept with the state")


class PruneResponse(BaseModel):
    """The branch has ended."""

    status: Literal["PRUNED"]
    enqueue_after: int = Field(description="unix ms since when the state was ready")


class ReEnqueueAfterRequest(Reported):
    """Asks for the same state again, later."""

    enqueue_after: Whole = Field(gt=0, le=LONGEST_DELAY_MS, description="ms until it is ready again")


class ReEnqueueAfterResponse(BaseModel):
    """The state waits for its time."""

    status: Literal["CREATED"]
    enqueue_after: int = Field(description="unix ms at which it is ready again")


_STATE: Final = f"{NAMESPACE}/state/{{state_id}}"

ENQUEUE_STATES: Final = Row(
    "enqueue_states", "POST", f"{NAMESPACE}/states/enqueue", "Take ready states of some nodes, without waiting for any",
    EnqueueResponse, EnqueueRequest, role=Role.RUNTIME, errors=(400,), repeatable=False, audited=False,
)  # fmt: skip
STATE_EXECUTED: Final = Row(
    "state_executed", "POST", f"{_STATE}/executed", "Tell the outputs of a state that was taken",
    ExecutedResponse, ExecutedRequest, role=Role.RUNTIME, errors=(400, 404), repeatable=False, audited=False,
)  # fmt: skip
STATE_ERRORED: Final = Row(
    "state_errored", "POST", f"{_STATE}/errored", "Tell that a state that was taken has failed",
    ErroredResponse, ErroredRequest, role=Role.RUNTIME, errors=(400, 404), repeatable=False, audited=False,
)  # fmt: skip
PRUNE_STATE: Final = Row(
    "prune_state", "POST", f"{_STATE}/prune", "End the branch of a state that was taken",
    PruneResponse, PruneRequest, role=Role.RUNTIME, errors=(400, 404), repeatable=False, audited=False,
)  # fmt: skip
RE_ENQUEUE_STATE: Final = Row(
    "re_enqueue_state", "POST", f"{_STATE}/re-enqueue-after", "Have a state that was taken run again later",
    ReEnqueueAfterResponse, ReEnqueueAfterRequest, role=Role.RUNTIME, errors=(400, 404), repeatable=False, audited=False,
)  # fmt: skip


__all__ = [
    "ENQUEUE_STATES",
    "LONGEST_DELAY_MS",
    "MOST_ENQUEUED",
    "MOST_NODES",
    "PRUNE_STATE",
    "RE_ENQUEUE_STATE",
    "STATE_ERRORED",
    "STATE_EXECUTED",
    "EnqueueRequest",
    "EnqueueResponse",
    "EnqueuedState",
    "ErroredRequest",
    "ErroredResponse",
    "ExecutedRequest",
    "ExecutedResponse",
    "PruneRequest",
    "PruneResponse",
    "ReEnqueueAfterRequest",
    "ReEnqueueAfterResponse",
    "Reported",
]
