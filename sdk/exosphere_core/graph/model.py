"""The models with which a graph is declared, in Python and on the wire."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from exosphere_core.names import RESERVED_IDENTIFIER, identifier_error, name_error
from exosphere_core.retry import RetryPolicyModel


class UnitesStrategyEnum(StrEnum):
    """When a uniting node runs."""

    ALL_SUCCESS = "ALL_SUCCESS"  #: once every branch succeeded or was pruned
    ALL_DONE = "ALL_DONE"  #: once every branch ended, whatever came of it


def _trimmed(value: str, kind: str, check: Any) -> str:
    value = value.strip()
    if error := check(kind, value):
        raise ValueError(error)
    return value


def _name(kind: str) -> AfterValidator:
    return AfterValidator(lambda value: _trimmed(value, kind, name_error))


def _identifier(kind: str) -> AfterValidator:
    return AfterValidator(lambda value: _trimmed(value, kind, identifier_error))


class UnitesModel(BaseModel):
    """Joins all branches that began at the node named `identifier`."""

    model_config = ConfigDict(extra="forbid")

    identifier: Annotated[str, _identifier("unites identifier")]
    strategy: UnitesStrategyEnum = UnitesStrategyEnum.ALL_SUCCESS


class GraphNodeModel(BaseModel):
    """One node of a graph.

    Attributes:
        node_name: the registered node class.
        namespace: where that class is registered.
        identifier: unique in the graph.
        inputs: field → text with placeholders such as `${{ loader.outputs.data }}`.
        next_nodes: identifiers of the nodes that run after this one.
        unites: set when this node joins branches.
        retry_policy: overrides the graph's for this node.
        timeout_ms: how long one attempt may run, in ms.
    """

    model_config = ConfigDict(extra="forbid")

    node_name: Annotated[str, _name("node_name")]
    namespace: Annotated[str, _name("namespace")]
    identifier: Annotated[str, _identifier("identifier")]
    inputs: dict[str, str] = Field(default_factory=dict)
    next_nodes: list[str] | None = None
    unites: UnitesModel | None = None
    retry_policy: RetryPolicyModel | None = None
    timeout_ms: int | None = Field(default=None, gt=0)

    @field_validator("identifier")
    @classmethod
    def _not_reserved(cls, value: str) -> str:
        if value == RESERVED_IDENTIFIER:
            raise ValueError(f"identifier {RESERVED_IDENTIFIER!r} is reserved for the store; choose another")
        return value

    @field_validator("next_nodes")
    @classmethod
    def _next_nodes_once_each(cls, value: list[str] | None) -> list[str] | None:
        if value is None:
            return None
        trimmed = [_trimmed(name, "next_nodes entry", identifier_error) for name in value]
        for name in trimmed:
            if trimmed.count(name) > 1:
                raise ValueError(f"next_nodes names {name!r} more than once")
        return trimmed


class StoreConfigModel(BaseModel):
    """The key-value store of a graph's runs.

    Attributes:
        required_keys: keys that the trigger must give, unless they have a default.
        default_values: key → value; values become text.
    """

    model_config = ConfigDict(extra="forbid")

    required_keys: list[str] = Field(default_factory=list)
    default_values: dict[str, str] = Field(default_factory=dict)

    @field_validator("required_keys")
    @classmethod
    def _keys(cls, value: list[str]) -> list[str]:
        trimmed = [_trimmed(key, "required_keys entry", identifier_error) for key in value]
        for key in trimmed:
            if trimmed.count(key) > 1:
                raise ValueError(f"required_keys names {key!r} more than once")
        return trimmed

    @field_validator("default_values", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        texts: dict[str, str] = {}
        for raw, item in value.items():
            key = _trimmed(str(raw), "default_values key", identifier_error)
            if key in texts:
                raise ValueError(f"default_values names {key!r} more than once")
            if item is None:
                raise ValueError(f"default_values {key!r} is null; give text")
            texts[key] = item if isinstance(item, str) else str(item)
        return texts


class CatchupEnum(StrEnum):
    """Which due times fire late, after a time in which nobody could fire them."""

    NONE = "none"  #: no one: a due time that was missed is skipped
    LATEST = "latest"  #: the latest one
    ALL = "all"  #: every one, up to a limit; the newest count


class CronTrigger(BaseModel):
    """Triggers the graph on a schedule.

    Attributes:
        expression: five fields: minute, hour, day of month, month, day of week.
        timezone: an IANA name; the expression is read in it, daylight saving included.
        catchup: which missed due times fire late.
    """

    model_config = ConfigDict(extra="forbid")

    expression: str
    timezone: str = "UTC"
    # Left out where it is the default: a graph that does not say it reads and is stored as it always was.
    catchup: CatchupEnum = Field(
        default=CatchupEnum.LATEST,
        exclude_if=lambda value: value is CatchupEnum.LATEST,
        description="which missed due times fire late; left out where it is 'latest'",
    )

    @field_validator("expression")
    @classmethod
    def _five_fields(cls, value: str) -> str:
        fields = value.split()
        if len(fields) != 5:
            raise ValueError(
                f"cron expression {value!r} has {len(fields)} fields; it needs five: "
                "minute, hour, day of month, month, day of week"
            )
        return " ".join(fields)


class TriggerModel(BaseModel):
    """A trigger as it is on the wire: `{"type": "CRON", "value": {...}}`."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["CRON"]
    value: CronTrigger

    @model_validator(mode="before")
    @classmethod
    def _accept_bare(cls, value: Any) -> Any:
        """A `CronTrigger` alone is taken as the value of a trigger of its type."""
        return {"type": "CRON", "value": value} if isinstance(value, CronTrigger) else value


class GraphTemplate(BaseModel):
    """A graph's declaration without its secrets' values: what a version keeps."""

    model_config = ConfigDict(extra="forbid")

    nodes: list[GraphNodeModel]
    retry_policy: RetryPolicyModel = Field(default_factory=RetryPolicyModel)
    store_config: StoreConfigModel = Field(default_factory=StoreConfigModel)
    triggers: list[TriggerModel] = Field(default_factory=list)

    def node(self, identifier: str) -> GraphNodeModel:
        """Return the node with this identifier. Raises KeyError."""
        for node in self.nodes:
            if node.identifier == identifier:
                return node
        raise KeyError(identifier)

    @model_validator(mode="after")
    def _has_nodes(self) -> Self:
        if not self.nodes:
            raise ValueError("nodes is empty; a graph needs at least one node")
        return self
