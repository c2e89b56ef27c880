"""Nodes, graphs and namespaces: bodies and calls."""

from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from exosphere_core.api.logs import LogLimits
from exosphere_core.api.row import NAMESPACE, VERSION, ByName, Name, Row, Whole
from exosphere_core.graph.model import StoreConfigModel, TriggerModel
from exosphere_core.retry import RetryPolicyModel
from exosphere_core.roles import Role

ValidationStatus = Literal["VALID", "INVALID", "PENDING", "ONGOING"]


class NodeBody(BaseModel):
    """A node as a runtime registers it. Extra keys are ignored."""

    name: Name
    inputs_schema: dict[str, Any] = Field(description="JSON schema of the inputs: an object of strings")
    outputs_schema: dict[str, Any] = Field(description="JSON schema of the outputs: an object of strings")
    secrets: list[Name] = Field(default_factory=list, description="names of the secrets that the node needs")


#: The longest id of a runtime, in characters.
LONGEST_INSTANCE: Final = 256


class RegisterNodesRequest(BaseModel):
    """Registration of a runtime and its nodes. Extra keys are ignored."""

    runtime_name: Name
    nodes: list[NodeBody]
    instance: str | None = Field(
        default=None,
        max_length=LONGEST_INSTANCE,
        description="tells this runtime from others of its name: the name of its consumers",
    )
    version: str | None = Field(
        default=None,
        max_length=64,
        description="which version of this package, or of another client, the runtime runs on",
    )
    delivery: Literal["none", "streams"] = Field(
        default="none", description="'streams' asks to be told how to read the queues in Redis"
    )
    protocol: Whole | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="version of the stream entries' format that the runtime speaks; another one than the state manager's "
        "is refused",
    )


class Delivery(BaseModel):
    """Where and how a runtime reads its queues. Given only to a runtime that asked for it."""

    redis_url: str
    shards: int = Field(description="how many shards the namespace is split over")
    lease_ms: int = Field(description="a delivery that is not renewed for this long is given to another runtime")
    protocol: int = Field(description="version of the stream entries' format")
    max_report_bytes: int | None = Field(
        default=None, description="largest report of a state that is taken; None for no limit"
    )
    logs: LogLimits | None = Field(
        default=None, description="what is to be sent of the lines that nodes write; null for none"
    )


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

    secrets: ByName = Field(default_factory=dict)
    nodes: list[dict[str, Any]] = Field(json_schema_extra={"minItems": 1})
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
    paused: bool = Field(
        default=False, description="whether its runs are kept from beginning; of an older version, too"
    )
    paused_at: str | None = None


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


class NamespacesResponse(BaseModel):
    """All namespaces."""

    namespaces: list[str]
    count: int


LIST_NAMESPACES: Final = Row(
    "list_namespaces",
    "GET",
    f"/{VERSION}/namespaces",
    "List all namespaces",
    NamespacesResponse,
    role=Role.VIEWER,
    narrows=True,
)
REGISTER_NODES: Final = Row(
    "register_nodes", "PUT", f"{NAMESPACE}/nodes/", "Register a runtime and its nodes",
    RegisterNodesResponse, RegisterNodesRequest, errors=(400,), role=Role.AUTHOR, also=Role.RUNTIME,
)  # fmt: skip
LIST_NODES: Final = Row(
    "list_nodes",
    "GET",
    f"{NAMESPACE}/nodes/",
    "List the registered nodes",
    NodesResponse,
    errors=(400,),
    role=Role.VIEWER,
)
UPSERT_GRAPH: Final = Row(
    "upsert_graph", "PUT", f"{NAMESPACE}/graph/{{graph_name}}", "Create a graph or a new version of it",
    GraphResponse, UpsertGraphRequest, status=201, errors=(400, 409), role=Role.AUTHOR,
)  # fmt: skip
GET_GRAPH: Final = Row(
    "get_graph", "GET", f"{NAMESPACE}/graph/{{graph_name}}", "Get a graph's newest version",
    GraphResponse, errors=(400, 404), role=Role.VIEWER,
)  # fmt: skip
DELETE_GRAPH: Final = Row(
    "delete_graph", "DELETE", f"{NAMESPACE}/graph/{{graph_name}}", "Delete a graph with its schedules",
    DeleteGraphResponse, errors=(400, 404, 409), repeatable=False,
    query={"force": "cancel its pending runs; otherwise a graph that has any is not deleted"}, role=Role.AUTHOR,
)  # fmt: skip
LIST_GRAPHS: Final = Row(
    "list_graphs", "GET", f"{NAMESPACE}/graphs/", "List the graphs", GraphsResponse, errors=(400,), role=Role.VIEWER
)
LIST_VERSIONS: Final = Row(
    "list_versions", "GET", f"{NAMESPACE}/graph/{{graph_name}}/versions", "List a graph's versions, newest first",
    GraphVersionsResponse, errors=(400, 404),
    query={"before": "only versions below this one", "limit": "how many at most, up to 100"}, role=Role.VIEWER,
)  # fmt: skip
GET_VERSION: Final = Row(
    "get_version", "GET", f"{NAMESPACE}/graph/{{graph_name}}/version/{{version}}", "Get one version of a graph",
    GraphResponse, errors=(400, 404), role=Role.VIEWER,
)  # fmt: skip


__all__ = [
    "DELETE_GRAPH",
    "GET_GRAPH",
    "GET_VERSION",
    "LIST_GRAPHS",
    "LIST_NAMESPACES",
    "LIST_NODES",
    "LIST_VERSIONS",
    "LONGEST_INSTANCE",
    "REGISTER_NODES",
    "UPSERT_GRAPH",
    "DeleteGraphResponse",
    "Delivery",
    "GraphNodeBody",
    "GraphResponse",
    "GraphVersionSummary",
    "GraphVersionsResponse",
    "GraphsResponse",
    "NamespacesResponse",
    "NodeBody",
    "NodesResponse",
    "RegisterNodesRequest",
    "RegisterNodesResponse",
    "RegisteredNode",
    "UnitesBody",
    "UpsertGraphRequest",
    "ValidationStatus",
]
