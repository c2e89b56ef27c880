"""The HTTP contract, version v0: each call is one row, read by the server and by the client.

Bodies that come from outside are as loose as they must be for a good message: what a
graph says is judged by `exosphere_core.graph`, which names node and field, all errors at once.
"""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from exosphere_core.graph.model import StoreConfigModel, TriggerModel
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
    """A graph's newest version. Secrets are named, never shown."""

    name: str
    namespace: str
    version: int
    nodes: list[GraphNodeBody]
    secrets: dict[str, bool]
    retry_policy: RetryPolicyModel
    store_config: StoreConfigModel
    triggers: list[TriggerModel]
    created_at: str
    updated_at: str
    validation_status: ValidationStatus
    validation_errors: list[str]


class GraphsResponse(BaseModel):
    """A namespace's graphs, in order of the name."""

    namespace: str
    count: int
    templates: list[GraphResponse]


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


class RunResponse(RunSummary):
    """A run with the progress of each of its nodes."""

    namespace: str
    version: int
    store: dict[str, str]
    nodes: list[NodeProgress]
    ended_at: str | None


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
    created_at: str
    updated_at: str


class SecretsResponse(BaseModel):
    """The secrets that a running state's node declares."""

    secrets: dict[str, str]


class StoreValueResponse(BaseModel):
    """One value of a run's store; null when the key is not set."""

    key: str
    value: str | None


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
LIST_GRAPHS: Final = Row(
    "list_graphs", "GET", f"{_NAMESPACE}/graphs/", "List the graphs", GraphsResponse, errors=(400,)
)
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

ROWS: Final = (
    HEALTH, READY, LIST_NAMESPACES, REGISTER_NODES, LIST_NODES, UPSERT_GRAPH, GET_GRAPH, LIST_GRAPHS, TRIGGER,
    LIST_RUNS, GET_RUN, WAIT_RUN, GET_STRUCTURE, GET_STATE, GET_SECRETS, GET_STORE_VALUE,
)  # fmt: skip

#: Version of the stream entries between state manager and runtime; both sides refuse another one by name.
STREAM_PROTOCOL: Final = 1
