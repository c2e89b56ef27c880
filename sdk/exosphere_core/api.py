"""The HTTP contract, version v0: each call is one row, read by the server and by the client.

Bodies that come from outside are as loose as they must be for a good message: what a
graph says is judged by `exosphere_core.graph`, which names node and field, all errors at once.
"""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from exosphere_core.graph.model import CatchupEnum, StoreConfigModel, TriggerModel
from exosphere_core.retry import RetryPolicyModel

API_KEY_HEADER: Final = "x-api-key"
REQUEST_ID_HEADER: Final = "x-exosphere-request-id"
VERSION: Final = "v0"

ValidationStatus = Literal["VALID", "INVALID", "PENDING", "ONGOING"]


class ErrorBody(BaseModel):
    """Every error answer. `errors` lists the single faults where there can be several."""

    detail: str
    errors: list[str] | None = None


class Message(BaseModel):
    """An answer that is one sentence."""

    message: str


class NodeBody(BaseModel):
    """A node as a runtime registers it. Extra keys are ignored."""

    name: str
    inputs_schema: dict[str, Any] = Field(description="JSON schema of the inputs: an object of strings")
    outputs_schema: dict[str, Any] = Field(description="JSON schema of the outputs: an object of strings")
    secrets: list[str] = Field(default_factory=list, description="names of the secrets that the node needs")


class RegisterNodesRequest(BaseModel):
    """Registration of a runtime and its nodes. Extra keys are ignored."""

    runtime_name: str
    nodes: list[NodeBody]
    delivery: Literal["none", "streams"] = Field(
        default="none", description="'streams' asks to be told how to read the queues in Redis"
    )


class Delivery(BaseModel):
    """Where and how a runtime reads its queues. Given only to a runtime that asked for it."""

    redis_url: str
    shards: int = Field(description="how many shards the namespace is split over")
    lease_ms: int = Field(description="a delivery that is not renewed for this long is given to another runtime")
    protocol: int = Field(description="version of the stream entries' format")


class RegisterNodesResponse(BaseModel):
    """What was registered."""

    runtime_name: str
    registered_nodes: list[NodeBody]
    delivery: Delivery | None = None


class RegisteredNode(NodeBody):
    """A registered node."""

    runtime_name: str
    created_at: str
    updated_at: str


class NodesResponse(BaseModel):
    """A namespace's nodes."""

    namespace: str
    count: int
    nodes: list[RegisteredNode]


class UpsertGraphRequest(BaseModel):
    """A graph's declaration. See docs/semantics for the fields of a node."""

    secrets: dict[str, str] = Field(default_factory=dict)
    nodes: list[dict[str, Any]]
    retry_policy: dict[str, Any] | None = None
    store_config: dict[str, Any] | None = None
    triggers: list[dict[str, Any]] | None = None


class UnitesBody(BaseModel):
    """`unites` of a node."""

    identifier: str
    strategy: str


class GraphNodeBody(BaseModel):
    """A node of a graph, as it is stored."""

    node_name: str
    namespace: str
    identifier: str
    inputs: dict[str, str]
    next_nodes: list[str] | None
    unites: UnitesBody | None
    retry_policy: RetryPolicyModel | None = None
    timeout_ms: int | None = None


class GraphResponse(BaseModel):
    """A version of a graph, mostly the newest. Secrets are named, never shown."""

    name: str
    namespace: str
    version: int
    nodes: list[GraphNodeBody]
    secrets: dict[str, bool]
    retry_policy: RetryPolicyModel
    store_config: StoreConfigModel
    triggers: list[TriggerModel]
    created_at: str = Field(description="when the graph was made")
    updated_at: str = Field(description="when it was last validated; of an older version, when that was made")
    validation_status: ValidationStatus = Field(
        description="of an older version: whether it could run with the nodes that are registered now"
    )
    validation_errors: list[str]


class GraphVersionSummary(BaseModel):
    """One line of the list of versions."""

    version: int
    created_at: str
    newest: bool
    node_count: int


class GraphVersionsResponse(BaseModel):
    """Versions of a graph, the newest first. The next page is asked for with `before`, the last version of this one."""

    namespace: str
    graph_name: str
    versions: list[GraphVersionSummary]


class GraphsResponse(BaseModel):
    """A namespace's graphs, in order of the name."""

    namespace: str
    count: int
    templates: list[GraphResponse]


class DeleteGraphResponse(BaseModel):
    """A graph is gone. Records of its runs stay until their retention time is over."""

    namespace: str
    graph_name: str
    cancelled_runs: int = Field(description="how many pending runs were cancelled for it")
    pending_runs: int = Field(description="how many runs have still to end; what they need is removed after that")


class TriggerRequest(BaseModel):
    """Starts a run."""

    model_config = ConfigDict(extra="forbid")

    inputs: dict[str, str] = Field(default_factory=dict, description="replaces the root's inputs of the same names")
    store: dict[str, str] = Field(default_factory=dict, description="overlays the store's defaults")
    start_delay: int = Field(default=0, ge=0, le=10 * 366 * 24 * 3600 * 1000, description="ms before the root is ready")


class TriggerResponse(BaseModel):
    """A run was accepted."""

    status: Literal["CREATED"]
    run_id: str
    ignored_inputs: list[str] = Field(default_factory=list, description="inputs that the root does not declare")


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


class RerunRequest(BaseModel):
    """Runs again from a node, or from one state of it; with neither from the root."""

    model_config = ConfigDict(extra="forbid")

    identifier: str | None = Field(default=None, description="the node: each of its states is executed anew")
    state_id: str | None = Field(default=None, description="the one state to begin at")
    inputs: dict[str, str] = Field(default_factory=dict, description="replaces inputs of the same names there")
    store: dict[str, str] = Field(default_factory=dict, description="overlays the store of the earlier run")


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


class FiringBody(BaseModel):
    """What came of a due time of a schedule, or of a call to run it now: a run, an error, or that it was skipped."""

    index: int = Field(description="which of the graph's triggers, counted from 0")
    due_at: str | None = Field(description="null when it was run by hand; of due times skipped together, the latest")
    since: str | None = Field(default=None, description="the earliest of several due times that were skipped together")
    fired_at: str = Field(description="when it was dealt with")
    run_id: str | None = None
    error: str | None = Field(default=None, description="why the graph could not be triggered")
    skipped: str | None = Field(default=None, description="why it did not fire")
    manual: bool = Field(default=False, description="whether it was run by hand")


class FiringsResponse(BaseModel):
    """The newest firings of a graph's schedules, newest first: the last 100."""

    namespace: str
    graph_name: str
    count: int
    firings: list[FiringBody]


class ScheduleBody(BaseModel):
    """A cron trigger of a graph, and when it is due."""

    graph_name: str
    index: int = Field(description="which of the graph's triggers, counted from 0")
    expression: str
    timezone: str
    catchup: CatchupEnum
    next_due: str | None = Field(description="null while it is paused, and when its expression names no time to come")
    paused: bool
    paused_at: str | None = None
    last_firing: FiringBody | None = None


class SchedulesResponse(BaseModel):
    """A namespace's schedules, in order of graph and trigger."""

    namespace: str
    count: int
    schedules: list[ScheduleBody]


class NamespacesResponse(BaseModel):
    """All namespaces."""

    namespaces: list[str]
    count: int


@dataclass(frozen=True, slots=True)
class Row:
    """One call of the API.

    Attributes:
        path: with `{placeholders}`; relative to the server's root.
        errors: statuses besides 401 and 503, which every keyed call can give.
        repeatable: whether a client may send it again when it does not know what came of it.
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
    repeatable: bool = True
    query: dict[str, str] = field(default_factory=dict)


_NAMESPACE: Final = f"/{VERSION}/namespace/{{namespace}}"

HEALTH: Final = Row("health", "GET", "/health", "Whether the process runs", Message, keyed=False)
READY: Final = Row("ready", "GET", "/readyz", "Whether Redis can be reached", Message, keyed=False, errors=(503,))
LIST_NAMESPACES: Final = Row(
    "list_namespaces", "GET", f"/{VERSION}/namespaces", "List all namespaces", NamespacesResponse
)
REGISTER_NODES: Final = Row(
    "register_nodes", "PUT", f"{_NAMESPACE}/nodes/", "Register a runtime and its nodes",
    RegisterNodesResponse, RegisterNodesRequest, errors=(400,),
)  # fmt: skip
LIST_NODES: Final = Row(
    "list_nodes", "GET", f"{_NAMESPACE}/nodes/", "List the registered nodes", NodesResponse, errors=(400,)
)
UPSERT_GRAPH: Final = Row(
    "upsert_graph", "PUT", f"{_NAMESPACE}/graph/{{graph_name}}", "Create a graph or a new version of it",
    GraphResponse, UpsertGraphRequest, status=201, errors=(400, 409),
)  # fmt: skip
GET_GRAPH: Final = Row(
    "get_graph", "GET", f"{_NAMESPACE}/graph/{{graph_name}}", "Get a graph's newest version",
    GraphResponse, errors=(400, 404),
)  # fmt: skip
DELETE_GRAPH: Final = Row(
    "delete_graph", "DELETE", f"{_NAMESPACE}/graph/{{graph_name}}", "Delete a graph with its schedules",
    DeleteGraphResponse, errors=(400, 404, 409), repeatable=False,
    query={"force": "cancel its pending runs; otherwise a graph that has any is not deleted"},
)  # fmt: skip
LIST_GRAPHS: Final = Row(
    "list_graphs", "GET", f"{_NAMESPACE}/graphs/", "List the graphs", GraphsResponse, errors=(400,)
)
LIST_VERSIONS: Final = Row(
    "list_versions", "GET", f"{_NAMESPACE}/graph/{{graph_name}}/versions", "List a graph's versions, newest first",
    GraphVersionsResponse, errors=(400, 404),
    query={"before": "only versions below this one", "limit": "how many at most, up to 100"},
)  # fmt: skip
GET_VERSION: Final = Row(
    "get_version", "GET", f"{_NAMESPACE}/graph/{{graph_name}}/version/{{version}}", "Get one version of a graph",
    GraphResponse, errors=(400, 404),
)  # fmt: skip
TRIGGER: Final = Row(
    "trigger", "POST", f"{_NAMESPACE}/graph/{{graph_name}}/trigger", "Start a run",
    TriggerResponse, TriggerRequest, errors=(400, 404), repeatable=False,
)  # fmt: skip
LIST_RUNS: Final = Row(
    "list_runs",
    "GET",
    f"{_NAMESPACE}/runs/{{page}}/{{size}}",
    "List the runs, newest first",
    RunsResponse,
    errors=(400,),
)
GET_RUN: Final = Row(
    "get_run",
    "GET",
    f"{_NAMESPACE}/run/{{run_id}}",
    "Get a run and the progress of its nodes",
    RunResponse,
    errors=(400, 404),
)
WAIT_RUN: Final = Row(
    "wait_run", "GET", f"{_NAMESPACE}/run/{{run_id}}/wait", "Get a run when it has ended, or as it is after the timeout",
    RunResponse, errors=(400, 404), query={"timeout_ms": "how long to wait at most, in ms, up to 60000"},
)  # fmt: skip
CANCEL_RUN: Final = Row(
    "cancel_run", "POST", f"{_NAMESPACE}/run/{{run_id}}/cancel", "Cancel a run",
    RunResponse, errors=(400, 404, 409),
)  # fmt: skip
RETRY_RUN: Final = Row(
    "retry_run", "POST", f"{_NAMESPACE}/run/{{run_id}}/retry", "Retry every state of a run that failed",
    RetryRunResponse, errors=(400, 404, 409), repeatable=False,
)  # fmt: skip
RERUN: Final = Row(
    "rerun", "POST", f"{_NAMESPACE}/run/{{run_id}}/rerun", "Run again from a node, taking over what lies before it",
    RerunResponse, RerunRequest, errors=(400, 404, 409), repeatable=False,
)  # fmt: skip
MANUAL_RETRY: Final = Row(
    "manual_retry", "POST", f"{_NAMESPACE}/state/{{state_id}}/manual-retry", "Retry a state that failed",
    ManualRetryResponse, ManualRetryRequest, errors=(400, 404, 409), repeatable=False,
)  # fmt: skip
GET_STRUCTURE: Final = Row(
    "get_structure", "GET", f"{_NAMESPACE}/states/run/{{run_id}}/graph", "Get all states of a run and their edges",
    StructureResponse, errors=(400, 404),
)  # fmt: skip
GET_STATE: Final = Row(
    "get_state", "GET", f"{_NAMESPACE}/graph/{{graph_name}}/run/{{run_id}}/node/{{state_id}}", "Get one state of a run",
    StateResponse, errors=(400, 404),
)  # fmt: skip
GET_SECRETS: Final = Row(
    "get_secrets", "GET", f"{_NAMESPACE}/state/{{state_id}}/secrets", "Get the secrets of a running state",
    SecretsResponse, errors=(400, 404),
)  # fmt: skip
GET_STORE_VALUE: Final = Row(
    "get_store_value", "GET", f"{_NAMESPACE}/run/{{run_id}}/store/{{key}}", "Get one value of a run's store",
    StoreValueResponse, errors=(400, 404),
)  # fmt: skip
GET_ONCE: Final = Row(
    "get_once", "GET", f"{_NAMESPACE}/state/{{state_id}}/once/{{key}}", "Get what a state's attempt chain recorded once",
    OnceResponse, errors=(400, 404, 409),
)  # fmt: skip
RECORD_ONCE: Final = Row(
    "record_once", "PUT", f"{_NAMESPACE}/state/{{state_id}}/once/{{key}}",
    "Record a result for a state's attempt chain, if it is the first", RecordOnceResponse, RecordOnceRequest,
    errors=(400, 404, 409),
)  # fmt: skip
_SCHEDULE: Final = f"{_NAMESPACE}/graph/{{graph_name}}/schedule/{{index}}"

LIST_SCHEDULES: Final = Row(
    "list_schedules", "GET", f"{_NAMESPACE}/schedules/", "List the schedules", SchedulesResponse, errors=(400,)
)
LIST_FIRINGS: Final = Row(
    "list_firings", "GET", f"{_NAMESPACE}/graph/{{graph_name}}/firings",
    "List what came of the newest firings of a graph's schedules", FiringsResponse, errors=(400, 404),
)  # fmt: skip
PAUSE_SCHEDULE: Final = Row(
    "pause_schedule", "POST", f"{_SCHEDULE}/pause", "Pause a schedule", ScheduleBody, errors=(400, 404, 409)
)
RESUME_SCHEDULE: Final = Row(
    "resume_schedule", "POST", f"{_SCHEDULE}/resume", "Resume a paused schedule; what was due meanwhile does not fire",
    ScheduleBody, errors=(400, 404, 409),
)  # fmt: skip
RUN_SCHEDULE: Final = Row(
    "run_schedule", "POST", f"{_SCHEDULE}/run", "Fire a schedule now, paused or not; when it is due next stays as it is",
    FiringBody, errors=(400, 404), repeatable=False,
)  # fmt: skip

ROWS: Final = (
    HEALTH, READY, LIST_NAMESPACES, REGISTER_NODES, LIST_NODES, UPSERT_GRAPH, GET_GRAPH, LIST_GRAPHS, TRIGGER,
    LIST_RUNS, GET_RUN, WAIT_RUN, CANCEL_RUN, RETRY_RUN, RERUN, MANUAL_RETRY, GET_STRUCTURE, GET_STATE, GET_SECRETS, GET_STORE_VALUE,
    GET_ONCE, RECORD_ONCE, LIST_VERSIONS, GET_VERSION, DELETE_GRAPH,
    LIST_SCHEDULES, LIST_FIRINGS, PAUSE_SCHEDULE, RESUME_SCHEDULE, RUN_SCHEDULE,
)  # fmt: skip

#: Version of the stream entries between state manager and runtime; both sides refuse another one by name.
STREAM_PROTOCOL: Final = 1
