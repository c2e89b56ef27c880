"""Runs: start, list, read, wait: bodies and calls."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from exosphere_core.api.row import IDEMPOTENCY_KEY_HEADER, NAMESPACE, TRACEPARENT_HEADER, ByName, Row, Whole
from exosphere_core.roles import Role

#: The most runs that one call starts.
MOST_RUNS: Final = 10_000

#: The longest that a root waits before it is ready, ms.
LONGEST_START_DELAY: Final = 10 * 366 * 24 * 3600 * 1000

#: The most runs that one page lists.
LARGEST_SIZE: Final = 1000

#: Beyond it the position of a run would not fit into what Redis counts with.
LAST_PAGE: Final = 1_000_000_000


class TriggerRequest(BaseModel):
    """Starts a run."""

    model_config = ConfigDict(extra="forbid")

    inputs: dict[str, str] = Field(default_factory=dict, description="replaces the root's inputs of the same names")
    store: ByName = Field(default_factory=dict, description="overlays the store's defaults")
    start_delay: Whole = Field(default=0, ge=0, le=LONGEST_START_DELAY, description="ms before the root is ready")


class TriggerResponse(BaseModel):
    """A run was accepted."""

    status: Literal["CREATED"]
    run_id: str
    ignored_inputs: list[str] = Field(default_factory=list, description="inputs that the root does not declare")


class TriggerManyRequest(BaseModel):
    """Starts many runs of one graph."""

    model_config = ConfigDict(extra="forbid")

    runs: list[TriggerRequest] = Field(
        min_length=1, max_length=MOST_RUNS, description="what each run is given, as for a single trigger"
    )


class TriggerManyResponse(BaseModel):
    """The runs were accepted, all of them."""

    status: Literal["CREATED"]
    run_ids: list[str] = Field(description="in the order of the request's `runs`")
    ignored_inputs: list[str] = Field(
        default_factory=list, description="inputs that the root does not declare, of any of the runs"
    )


class RunSummary(BaseModel):
    """One line of the runs list."""

    run_id: str
    graph_name: str
    success_count: int
    pending_count: int
    errored_count: int
    retried_count: int
    cancelled_count: int = 0
    total_count: int
    status: str
    created_at: str


class RunsResponse(BaseModel):
    """A page of a namespace's runs, newest first."""

    namespace: str
    total: int
    page: int
    size: int
    runs: list[RunSummary]


class NodeProgress(BaseModel):
    """How far a node of a run is: states made so far, and how many ended in which class."""

    identifier: str
    total: int
    pending: int
    success: int
    errored: int
    retried: int
    cancelled: int = 0


class RunResponse(RunSummary):
    """A run with the progress of each of its nodes."""

    namespace: str
    version: int
    store: dict[str, str]
    nodes: list[NodeProgress]
    ended_at: str | None
    rerun_of: str | None = Field(default=None, description="the run that this one was made from")
    reruns: list[str] = Field(default_factory=list, description="the newest runs that were made from this one")


class StructureNode(BaseModel):
    """A state, as a node of a run's picture."""

    id: str
    node_name: str
    identifier: str
    status: str
    error: str | None


class StructureEdge(BaseModel):
    """Parent and child."""

    source: str
    target: str


class StructureResponse(BaseModel):
    """All states of a run and how they follow from each other."""

    root_states: list[StructureNode]
    graph_name: str
    nodes: list[StructureNode]
    edges: list[StructureEdge]
    node_count: int
    edge_count: int
    execution_summary: dict[str, int]


TRIGGER: Final = Row(
    "trigger", "POST", f"{NAMESPACE}/graph/{{graph_name}}/trigger", "Start a run",
    TriggerResponse, TriggerRequest, errors=(400, 404, 409, 429), repeatable=False,
    headers={
        IDEMPOTENCY_KEY_HEADER: "names this trigger within its graph: sent again with the same body it answers the same run,"
        " with another body 409; free again when the run has been removed",
        TRACEPARENT_HEADER: "W3C trace context that the run continues; a malformed one counts as none",
    }, role=Role.OPERATOR,
)  # fmt: skip
TRIGGER_MANY: Final = Row(
    "trigger_many", "POST", f"{NAMESPACE}/graph/{{graph_name}}/trigger/bulk", "Start many runs of a graph",
    TriggerManyResponse, TriggerManyRequest, errors=(400, 404, 409, 429), repeatable=False,
    headers={
        IDEMPOTENCY_KEY_HEADER: "names this call within its graph: sent again with the same body it answers the same runs"
        " and makes those that are not there, with another body it is answered 409"
    }, role=Role.OPERATOR,
)  # fmt: skip
LIST_RUNS: Final = Row(
    "list_runs",
    "GET",
    f"{NAMESPACE}/runs/{{page}}/{{size}}",
    "List the runs, newest first",
    RunsResponse,
    errors=(400,),
    role=Role.VIEWER,
)
GET_RUN: Final = Row(
    "get_run",
    "GET",
    f"{NAMESPACE}/run/{{run_id}}",
    "Get a run and the progress of its nodes",
    RunResponse,
    errors=(400, 404),
    role=Role.VIEWER,
)
WAIT_RUN: Final = Row(
    "wait_run", "GET", f"{NAMESPACE}/run/{{run_id}}/wait", "Get a run when it has ended, or as it is after the timeout",
    RunResponse, errors=(400, 404), query={"timeout_ms": "how long to wait at most, in ms, up to 60000"}, role=Role.VIEWER,
)  # fmt: skip
GET_STRUCTURE: Final = Row(
    "get_structure", "GET", f"{NAMESPACE}/states/run/{{run_id}}/graph", "Get all states of a run and their edges",
    StructureResponse, errors=(400, 404), role=Role.VIEWER,
)  # fmt: skip


__all__ = [
    "GET_RUN",
    "GET_STRUCTURE",
    "LARGEST_SIZE",
    "LAST_PAGE",
    "LIST_RUNS",
    "LONGEST_START_DELAY",
    "MOST_RUNS",
    "TRIGGER",
    "TRIGGER_MANY",
    "WAIT_RUN",
    "NodeProgress",
    "RunResponse",
    "RunSummary",
    "RunsResponse",
    "StructureEdge",
    "StructureNode",
    "StructureResponse",
    "TriggerManyRequest",
    "TriggerManyResponse",
    "TriggerRequest",
    "TriggerResponse",
]
